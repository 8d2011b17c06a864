-- Creates a run, joins it, or reopens it.
-- ARGV 4 head  5 tail  6 start ms  7 writer  8 host  9 planned  10 shared 0|1
--      11 fields of run:started  12 live 0|1 (0: the journal of a dead process)
local h = redis.call('HMGET', control, 'head', 'endAt', 'planned')
local answer = 'JOINED'
if not h[1] then
  answer = 'CREATED'
  redis.call('HSET', control, 'head', ARGV[4], 'tail', ARGV[5], 'start', ARGV[6], 'planned', '0', 'shared', ARGV[10])
  write_document(state())
  publish('run:started', ARGV[11])
end
local first = redis.call('HSETNX', control, 'w:' .. ARGV[7], ARGV[9]) == 1
if first then
  redis.call('HINCRBY', control, 'writers', 1)
  if h[2] and ARGV[12] == '1' then
    -- A run that had ended is resumed: its plan stays the same.
    answer = 'REOPENED'
    redis.call('HDEL', control, 'endAt', 'endTime', 'said', 'died', 'alive')
    redis.call('HSET', control, 'planned', string.format('%.0f', math.max(tonumber(h[3] or '0'), tonumber(ARGV[9]))))
    write_document(state())
    publish('run:started', ARGV[11] .. ',"resumed":true')
  else
    redis.call('HINCRBY', control, 'planned', ARGV[9])
  end
end
if ARGV[12] == '1' then set_alive(ARGV[7], ARGV[8]) end
local more = redis.call('HMGET', control, 'a:' .. ARGV[7], 'writers')
return {answer, more[1] or '0', more[2]}
