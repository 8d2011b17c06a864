-- Creates a run, joins it, or reopens it.
-- ARGV 4 head  5 tail  6 start ms  7 writer  8 host  9 planned  10 shared 0|1
--      11 fields of run:started  12 live 0|1 (0: the journal of a dead process)
local joined = 'w:' .. ARGV[7]
local h = redis.call('HMGET', control, 'head', 'endAt', 'planned', joined, 'writers')
local planned, writers = tonumber(h[3] or '0'), tonumber(h[5] or '0')
local answer, started, changes = 'JOINED', nil, {}
if not h[1] then
  answer, started = 'CREATED', ARGV[11]
  changes = {'head', ARGV[4], 'tail', ARGV[5], 'start', ARGV[6], 'shared', ARGV[10]}
  local s = state()
  s.head, s.tail, s.start = ARGV[4], ARGV[5], tonumber(ARGV[6])
  write_document(s)
end
if not h[4] then
  writers = writers + 1
  if h[2] and ARGV[12] == '1' then
    -- A run that had ended is resumed: its plan stays the same.
    answer, started = 'REOPENED', ARGV[11] .. ',"resumed":true'
    planned = math.max(planned, tonumber(ARGV[9]))
    redis.call('HDEL', control, 'endAt', 'endTime', 'said', 'died', 'alive')
    write_document(state())
  else
    planned = planned + tonumber(ARGV[9])
  end
  for _, change in ipairs({joined, ARGV[9], 'writers', string.format('%.0f', writers)}) do changes[#changes + 1] = change end
end
changes[#changes + 1] = 'planned'
changes[#changes + 1] = string.format('%.0f', planned)
if ARGV[12] == '1' then set_alive(ARGV[7], ARGV[8]) end
if started then publish('run:started', started, changes) else redis.call('HSET', control, unpack(changes)) end
local applied = redis.call('HGET', control, 'a:' .. ARGV[7])
return {answer, applied or '0', string.format('%.0f', writers)}
