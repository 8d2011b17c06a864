-- Ends a run without live workers.
-- ARGV 4 event fields  5 end ms  6 end as text  7 host whose workers are all dead, or ''  8 heartbeat timeout ms
return try_to_end(ARGV[4], ARGV[5], ARGV[6], ARGV[7], tonumber(ARGV[8]))
