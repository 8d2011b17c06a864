-- Removes a worker that has reported everything; the last one ends the run.
-- ARGV 4 writer  5 sequence number  6 reason, `died` or ''  7 end ms  8 end as text  9 event fields  10 heartbeat timeout ms  11 host
local h = redis.call('HMGET', control, 'head', 'a:' .. ARGV[4], 'said')
local refusal = check_sequence(h[1], h[2], ARGV[5])
if refusal then return refusal end
local severity = {passed = 1, failed = 2, interrupted = 3, error = 4}
if (severity[ARGV[6]] or 0) > (severity[h[3] or ''] or 0) then redis.call('HSET', control, 'said', ARGV[6]) end
if ARGV[6] == 'died' then redis.call('HSET', control, 'died', '1') end
set_alive(ARGV[4], ARGV[11], true)
local ended = try_to_end(ARGV[9], ARGV[7], ARGV[8], '', tonumber(ARGV[10]))
if ended[1] == 'ALREADY' then write_document(state()) end
redis.call('HSET', control, 'a:' .. ARGV[4], ARGV[5])
return {'OK', ''}
