-- SPDX-License-Identifier: BSD-3-Clause
-- Arguments, all or none: METHOD, bytes of the body, and `close` for a connection a request
function init(args)
	if args[1] then
		wrk.method = args[1]
		wrk.body = tonumber(args[2]) > 0 and string.rep("x", tonumber(args[2])) or nil
		if args[3] == "close" then
			wrk.headers["Connection"] = "close"
		end
	end
end

-- One line for the script: requests a second, bytes a second, p50 and p99 in us, failures
function done(summary, latency)
	local e = summary.errors
	local s = summary.duration / 1000000
	io.write(string.format("RESULT %.0f %.0f %d %d %d\n", summary.requests / s, summary.bytes / s,
		latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
