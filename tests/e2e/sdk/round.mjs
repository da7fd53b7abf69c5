// SPDX-License-Identifier: BSD-3-Clause
// round.mjs ENDPOINT SIZE...: objects of these sizes go to ENDPOINT and come back. As a buffer, as a stream and as a part.
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { GetObjectCommand, PutObjectCommand, S3Client, UploadPartCommand } from "@aws-sdk/client-s3";

const [endpoint, ...sizes] = process.argv.slice(2);
const s3 = new S3Client({
	endpoint, region: "us-east-1", forcePathStyle: true, maxAttempts: 1,
	credentials: { accessKeyId: "key", secretAccessKey: "secret" },
});

function noise(size) {
	const parts = [];
	for (let at = 0; at < size; at += 32)
		parts.push(createHash("sha256").update(`${size} ${at}`).digest());
	return Buffer.concat(parts).subarray(0, size);
}

function* pieces(body) {
	for (let at = 0; at < body.length; at += 50000)
		yield body.subarray(at, at + 50000);
}

for (const size of sizes.map(Number)) {
	const body = noise(size), stream = () => Readable.from(pieces(body), { objectMode: false });
	await s3.send(new PutObjectCommand({ Bucket: "b", Key: `buffer-${size}`, Body: body }));
	await s3.send(new PutObjectCommand({ Bucket: "b", Key: `stream-${size}`, Body: stream(), ContentLength: size }));
	await s3.send(new UploadPartCommand({
		Bucket: "b", Key: `part-${size}`, UploadId: "u", PartNumber: 1, Body: stream(), ContentLength: size }));
	for (const kind of ["buffer", "stream", "part"]) {
		const got = await s3.send(new GetObjectCommand({ Bucket: "b", Key: `${kind}-${size}` }));
		if (!body.equals(Buffer.from(await got.Body.transformToByteArray())))
			throw new Error(`${kind} of ${size}: other bytes came back`);
	}
}
console.log("same");
