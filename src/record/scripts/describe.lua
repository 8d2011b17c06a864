-- Replaces the environment in the run's document.
-- ARGV 4 writer  5 sequence number  6 tail
local h = redis.call('HMGET', control, 'head', 'a:' .. ARGV[4])
local refusal = check_sequence(h[1], h[2], ARGV[5])
if refusal then return refusal end
local s = state()
s.tail = ARGV[6]
write_document(s)
redis.call('HSET', control, 'a:' .. ARGV[4], ARGV[5], 'tail', ARGV[6])
return {'OK', ''}
