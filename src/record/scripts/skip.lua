-- Uses the sequence number of an operation that was lost in the journal. Since a
-- result may be missing, the run cannot pass without all planned snapshots.
-- ARGV 4 writer  5 sequence number
local h = redis.call('HMGET', control, 'head', 'a:' .. ARGV[4])
local refusal = check_sequence(h[1], h[2], ARGV[5])
if refusal then return refusal end
redis.call('HSET', control, 'a:' .. ARGV[4], ARGV[5], 'died', '1')
return {'OK', ''}
