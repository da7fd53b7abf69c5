-- SPDX-License-Identifier: BSD-3-Clause
-- One line for the script: requests a second, bytes a second, p50 and p99 in us, failures
function done(summary, latency)
	local e = summary.errors
	local s = summary.duration / 1000000
	io.write(string.format("RESULT %.0f %.0f %d %d %d\n", summary.requests / s, summary.bytes / s,
		latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
