-- Ends a run that nobody works on any more.
-- ARGV 4 event fields  5 end ms  6 end as text  7 host all of whose workers are gone, or ''  8 silence limit ms
return try_to_end(ARGV[4], ARGV[5], ARGV[6], ARGV[7], tonumber(ARGV[8]))
