/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * "Request Syntax" of each operation's page in the Amazon S3 API reference, in the order of
 * s3_op.def: the request line as it stands there. Host is Bucket.s3.amazonaws.com where the page
 * has a bucket. `copy`: the page has x-amz-copy-source.
 */
#ifndef REQUESTS_H
#define REQUESTS_H

#include "s3/s3_request.h"

enum names { NOTHING, A_BUCKET, AN_OBJECT };

struct documented {
	enum s3_op op;
	enum names names;
	const char *method, *target;
	bool copy;
};

/* clang-format off */
#define ROW(op, ...) {S3_OP_##op, __VA_ARGS__}
static const struct documented documented[] = {
	ROW(GetObject, AN_OBJECT, "GET", "/Key+?partNumber=PartNumber&response-cache-control="
		"ResponseCacheControl&response-content-type=ResponseContentType&"
		"versionId=VersionId"),
	ROW(HeadObject, AN_OBJECT, "HEAD", "/Key+?partNumber=PartNumber&versionId=VersionId"),
	ROW(PutObject, AN_OBJECT, "PUT", "/Key+"),
	ROW(CopyObject, AN_OBJECT, "PUT", "/Key+", true),
	ROW(DeleteObject, AN_OBJECT, "DELETE", "/Key+?versionId=VersionId"),
	ROW(DeleteObjects, A_BUCKET, "POST", "/?delete"),
	ROW(PostObject, A_BUCKET, "POST", "/"),
	ROW(RenameObject, AN_OBJECT, "PUT", "/Key+?renameObject"),
	ROW(RestoreObject, AN_OBJECT, "POST", "/Key+?restore&versionId=VersionId"),
	ROW(SelectObjectContent, AN_OBJECT, "POST", "/Key+?select&select-type=2"),
	ROW(GetObjectAttributes, AN_OBJECT, "GET", "/Key+?attributes&versionId=VersionId"),
	ROW(GetObjectTorrent, AN_OBJECT, "GET", "/Key+?torrent"),
	ROW(GetObjectAcl, AN_OBJECT, "GET", "/Key+?acl&versionId=VersionId"),
	ROW(PutObjectAcl, AN_OBJECT, "PUT", "/Key+?acl&versionId=VersionId"),
	ROW(GetObjectTagging, AN_OBJECT, "GET", "/Key+?tagging&versionId=VersionId"),
	ROW(PutObjectTagging, AN_OBJECT, "PUT", "/Key+?tagging&versionId=VersionId"),
	ROW(DeleteObjectTagging, AN_OBJECT, "DELETE", "/Key+?tagging&versionId=VersionId"),
	ROW(GetObjectRetention, AN_OBJECT, "GET", "/Key+?retention&versionId=VersionId"),
	ROW(PutObjectRetention, AN_OBJECT, "PUT", "/Key+?retention&versionId=VersionId"),
	ROW(GetObjectLegalHold, AN_OBJECT, "GET", "/Key+?legal-hold&versionId=VersionId"),
	ROW(PutObjectLegalHold, AN_OBJECT, "PUT", "/Key+?legal-hold&versionId=VersionId"),
	ROW(UpdateObjectEncryption, AN_OBJECT, "PUT", "/Key+?encryption&versionId=VersionId"),
	ROW(OptionsObject, AN_OBJECT, "OPTIONS", "/Key+"),
	ROW(WriteGetObjectResponse, NOTHING, "POST", "/WriteGetObjectResponse"),

	ROW(CreateMultipartUpload, AN_OBJECT, "POST", "/Key+?uploads"),
	ROW(UploadPart, AN_OBJECT, "PUT", "/Key+?partNumber=PartNumber&uploadId=UploadId"),
	ROW(UploadPartCopy, AN_OBJECT, "PUT",
		"/Key+?partNumber=PartNumber&uploadId=UploadId", true),
	ROW(CompleteMultipartUpload, AN_OBJECT, "POST", "/Key+?uploadId=UploadId"),
	ROW(AbortMultipartUpload, AN_OBJECT, "DELETE", "/Key+?uploadId=UploadId"),
	ROW(ListParts, AN_OBJECT, "GET", "/Key+?max-parts=MaxParts&part-number-marker="
		"PartNumberMarker&uploadId=UploadId"),
	ROW(ListMultipartUploads, A_BUCKET, "GET", "/?uploads&delimiter=Delimiter&encoding-type="
		"EncodingType&key-marker=KeyMarker&max-uploads=MaxUploads&prefix=Prefix&"
		"upload-id-marker=UploadIdMarker"),

	ROW(ListBuckets, NOTHING, "GET", "/?bucket-region=BucketRegion&continuation-token="
		"ContinuationToken&max-buckets=MaxBuckets&prefix=Prefix"),
	ROW(HeadBucket, A_BUCKET, "HEAD", "/"),
	ROW(ListObjects, A_BUCKET, "GET", "/?delimiter=Delimiter&encoding-type=EncodingType&marker="
		"Marker&max-keys=MaxKeys&prefix=Prefix"),
	ROW(ListObjectsV2, A_BUCKET, "GET", "/?list-type=2&continuation-token=ContinuationToken&"
		"delimiter=Delimiter&encoding-type=EncodingType&fetch-owner=FetchOwner&max-keys="
		"MaxKeys&prefix=Prefix&start-after=StartAfter"),
	ROW(ListObjectVersions, A_BUCKET, "GET", "/?versions&delimiter=Delimiter&key-marker="
		"KeyMarker&max-keys=MaxKeys&prefix=Prefix&version-id-marker=VersionIdMarker"),
	ROW(CreateSession, A_BUCKET, "GET", "/?session"),
	ROW(CreateBucket, A_BUCKET, "PUT", "/"),
	ROW(DeleteBucket, A_BUCKET, "DELETE", "/"),

	ROW(GetBucketLocation, A_BUCKET, "GET", "/?location"),
	ROW(GetBucketAbac, A_BUCKET, "GET", "/?abac"),
	ROW(PutBucketAbac, A_BUCKET, "PUT", "/?abac"),
	ROW(GetBucketAccelerateConfiguration, A_BUCKET, "GET", "/?accelerate"),
	ROW(PutBucketAccelerateConfiguration, A_BUCKET, "PUT", "/?accelerate"),
	ROW(GetBucketAcl, A_BUCKET, "GET", "/?acl"),
	ROW(PutBucketAcl, A_BUCKET, "PUT", "/?acl"),
	ROW(GetBucketCors, A_BUCKET, "GET", "/?cors"),
	ROW(PutBucketCors, A_BUCKET, "PUT", "/?cors"),
	ROW(DeleteBucketCors, A_BUCKET, "DELETE", "/?cors"),
	ROW(GetBucketEncryption, A_BUCKET, "GET", "/?encryption"),
	ROW(PutBucketEncryption, A_BUCKET, "PUT", "/?encryption"),
	ROW(DeleteBucketEncryption, A_BUCKET, "DELETE", "/?encryption"),
	ROW(GetBucketLifecycleConfiguration, A_BUCKET, "GET", "/?lifecycle"),
	ROW(PutBucketLifecycleConfiguration, A_BUCKET, "PUT", "/?lifecycle"),
	ROW(DeleteBucketLifecycle, A_BUCKET, "DELETE", "/?lifecycle"),
	ROW(GetBucketLogging, A_BUCKET, "GET", "/?logging"),
	ROW(PutBucketLogging, A_BUCKET, "PUT", "/?logging"),
	ROW(GetBucketNotificationConfiguration, A_BUCKET, "GET", "/?notification"),
	ROW(PutBucketNotificationConfiguration, A_BUCKET, "PUT", "/?notification"),
	ROW(GetObjectLockConfiguration, A_BUCKET, "GET", "/?object-lock"),
	ROW(PutObjectLockConfiguration, A_BUCKET, "PUT", "/?object-lock"),
	ROW(GetBucketOwnershipControls, A_BUCKET, "GET", "/?ownershipControls"),
	ROW(PutBucketOwnershipControls, A_BUCKET, "PUT", "/?ownershipControls"),
	ROW(DeleteBucketOwnershipControls, A_BUCKET, "DELETE", "/?ownershipControls"),
	ROW(GetBucketPolicy, A_BUCKET, "GET", "/?policy"),
	ROW(PutBucketPolicy, A_BUCKET, "PUT", "/?policy"),
	ROW(DeleteBucketPolicy, A_BUCKET, "DELETE", "/?policy"),
	ROW(GetBucketPolicyStatus, A_BUCKET, "GET", "/?policyStatus"),
	ROW(GetPublicAccessBlock, A_BUCKET, "GET", "/?publicAccessBlock"),
	ROW(PutPublicAccessBlock, A_BUCKET, "PUT", "/?publicAccessBlock"),
	ROW(DeletePublicAccessBlock, A_BUCKET, "DELETE", "/?publicAccessBlock"),
	ROW(GetBucketReplication, A_BUCKET, "GET", "/?replication"),
	ROW(PutBucketReplication, A_BUCKET, "PUT", "/?replication"),
	ROW(DeleteBucketReplication, A_BUCKET, "DELETE", "/?replication"),
	ROW(GetBucketRequestPayment, A_BUCKET, "GET", "/?requestPayment"),
	ROW(PutBucketRequestPayment, A_BUCKET, "PUT", "/?requestPayment"),
	ROW(GetBucketTagging, A_BUCKET, "GET", "/?tagging"),
	ROW(PutBucketTagging, A_BUCKET, "PUT", "/?tagging"),
	ROW(DeleteBucketTagging, A_BUCKET, "DELETE", "/?tagging"),
	ROW(GetBucketVersioning, A_BUCKET, "GET", "/?versioning"),
	ROW(PutBucketVersioning, A_BUCKET, "PUT", "/?versioning"),
	ROW(GetBucketWebsite, A_BUCKET, "GET", "/?website"),
	ROW(PutBucketWebsite, A_BUCKET, "PUT", "/?website"),
	ROW(DeleteBucketWebsite, A_BUCKET, "DELETE", "/?website"),

	ROW(ListBucketAnalyticsConfigurations, A_BUCKET, "GET",
		"/?analytics&continuation-token=ContinuationToken"),
	ROW(GetBucketAnalyticsConfiguration, A_BUCKET, "GET", "/?analytics&id=Id"),
	ROW(PutBucketAnalyticsConfiguration, A_BUCKET, "PUT", "/?analytics&id=Id"),
	ROW(DeleteBucketAnalyticsConfiguration, A_BUCKET, "DELETE", "/?analytics&id=Id"),
	ROW(ListBucketIntelligentTieringConfigurations, A_BUCKET, "GET",
		"/?intelligent-tiering&continuation-token=ContinuationToken"),
	ROW(GetBucketIntelligentTieringConfiguration, A_BUCKET, "GET",
		"/?intelligent-tiering&id=Id"),
	ROW(PutBucketIntelligentTieringConfiguration, A_BUCKET, "PUT",
		"/?intelligent-tiering&id=Id"),
	ROW(DeleteBucketIntelligentTieringConfiguration, A_BUCKET, "DELETE",
		"/?intelligent-tiering&id=Id"),
	ROW(ListBucketInventoryConfigurations, A_BUCKET, "GET",
		"/?inventory&continuation-token=ContinuationToken"),
	ROW(GetBucketInventoryConfiguration, A_BUCKET, "GET", "/?inventory&id=Id"),
	ROW(PutBucketInventoryConfiguration, A_BUCKET, "PUT", "/?inventory&id=Id"),
	ROW(DeleteBucketInventoryConfiguration, A_BUCKET, "DELETE", "/?inventory&id=Id"),
	ROW(ListBucketMetricsConfigurations, A_BUCKET, "GET",
		"/?metrics&continuation-token=ContinuationToken"),
	ROW(GetBucketMetricsConfiguration, A_BUCKET, "GET", "/?metrics&id=Id"),
	ROW(PutBucketMetricsConfiguration, A_BUCKET, "PUT", "/?metrics&id=Id"),
	ROW(DeleteBucketMetricsConfiguration, A_BUCKET, "DELETE", "/?metrics&id=Id"),
	ROW(CreateBucketMetadataConfiguration, A_BUCKET, "POST", "/?metadataConfiguration"),
	ROW(GetBucketMetadataConfiguration, A_BUCKET, "GET", "/?metadataConfiguration"),
	ROW(DeleteBucketMetadataConfiguration, A_BUCKET, "DELETE", "/?metadataConfiguration"),
	ROW(CreateBucketMetadataTableConfiguration, A_BUCKET, "POST", "/?metadataTable"),
	ROW(GetBucketMetadataTableConfiguration, A_BUCKET, "GET", "/?metadataTable"),
	ROW(DeleteBucketMetadataTableConfiguration, A_BUCKET, "DELETE", "/?metadataTable"),
	ROW(UpdateBucketMetadataInventoryTableConfiguration, A_BUCKET, "PUT",
		"/?metadataInventoryTable"),
	ROW(UpdateBucketMetadataJournalTableConfiguration, A_BUCKET, "PUT",
		"/?metadataJournalTable"),
};
/* clang-format on */

#endif
