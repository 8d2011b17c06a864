-- A worker has reported all it will; the last one to leave ends the run.
-- ARGV 4 writer  5 sequence number  6 reason, `died` or ''  7 end ms  8 end as text  9 event fields  10 silence limit ms
local h = redis.call('HMGET', control, 'head', 'a:' .. ARGV[4], 'said')
local answer = out_of_turn(h[1], h[2], ARGV[5])
if answer then return answer end
redis.call('HSET', control, 'a:' .. ARGV[4], ARGV[5])
local badness = {passed = 1, failed = 2, interrupted = 3, error = 4}
if (badness[ARGV[6]] or 0) > (badness[h[3] or ''] or 0) then redis.call('HSET', control, 'said', ARGV[6]) end
if ARGV[6] == 'died' then redis.call('HSET', control, 'died', '1') end
alive(ARGV[4])
local ended = try_to_end(ARGV[9], ARGV[7], ARGV[8], '', tonumber(ARGV[10]))
if ended[1] == 'ALREADY' then write_document(state()) end
return {'OK', ''}
