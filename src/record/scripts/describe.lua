-- Replaces what the run's document says of where it took place.
-- ARGV 4 writer  5 sequence number  6 tail
local h = redis.call('HMGET', control, 'head', 'a:' .. ARGV[4])
local answer = out_of_turn(h[1], h[2], ARGV[5])
if answer then return answer end
redis.call('HSET', control, 'a:' .. ARGV[4], ARGV[5], 'tail', ARGV[6])
write_document(state())
return {'OK', ''}
