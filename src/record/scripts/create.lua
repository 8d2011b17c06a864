-- Creates a run, joins it, or reopens it.
-- KEYS 5 tombstone
-- ARGV 4 head  5 tail  6 start ms  7 writer  8 host  9 planned  10 shared 0|1
--      11 fields of run:started  12 `live`, `dead` (the journal of a dead process)
--      or `decisions` (a writer that only decides)  13 plan
local joined, plan, kind = 'w:' .. ARGV[7], 'p:' .. ARGV[13], ARGV[12]
local h = redis.call('HMGET', control, 'head', 'endAt', 'planned', joined, 'writers', 'seen', 'a:' .. ARGV[7], plan, 'round')
local planned, writers, applied = tonumber(h[3] or '0'), tonumber(h[5] or '0'), h[7] or '0'
-- The tombstone has the time at which the run was pruned: later its id may be used again.
local pruned = redis.call('GET', KEYS[5])
if pruned and tonumber(ARGV[6]) <= tonumber(pruned) then return {'GONE'} end
if kind == 'decisions' then
  if not h[1] then return {'NORUN'} end
  return {'JOINED', applied, string.format('%.0f', writers)}
end

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
  if h[2] and kind == 'live' then
    -- A run that had ended is resumed: its plan stays the same.
    answer, started = 'REOPENED', ARGV[11] .. ',"resumed":true'
    planned = math.max(planned, tonumber(ARGV[9]))
    redis.call('DEL', alive)
    redis.call('HDEL', control, 'endAt', 'endTime', 'said', 'died')
    write_document(state())
    -- What has not passed is queued again.
    for _, change in ipairs({'round', string.format('%.0f', tonumber(h[9] or '0') + 1)}) do changes[#changes + 1] = change end
  elseif not h[8] then
    -- Workers with the same plan share it.
    planned = planned + tonumber(ARGV[9])
  end
  for _, change in ipairs({joined, ARGV[9], plan, ARGV[9], 'writers', string.format('%.0f', writers)}) do
    changes[#changes + 1] = change
  end
end
changes[#changes + 1] = 'planned'
changes[#changes + 1] = string.format('%.0f', planned)
if kind == 'live' then set_alive(ARGV[7], ARGV[8]) end
if started then publish('run:started', started, ARGV[6], changes) else redis.call('HSET', control, unpack(changes)) end
return {answer, applied, string.format('%.0f', writers)}
