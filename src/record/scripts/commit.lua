-- Applies an operation on a snapshot exactly once.
-- KEYS 5 document of the snapshot  6 set of the run's documents  in a shared run: 7 leases  8 queue of the lane
-- ARGV 4 writer  5 sequence number  6 key  7 status  8 at ms  9 document  10 event type  11 event fields
--      in a shared run: 12 group  13 token of its lease
local writer, seq, key, status, at = 'a:' .. ARGV[4], ARGV[5], 's:' .. ARGV[6], ARGV[7], ARGV[8]
local h = redis.call('HMGET', control, 'head', writer, key, 'd:' .. ARGV[6])
local refusal = check_sequence(h[1], h[2], seq)
if refusal then return refusal end

-- A lease that was given later makes this one outdated, and decides instead of
-- the time which outcome is newer.
local group, token = ARGV[12], tonumber(ARGV[13])
local lease = group and redis.call('HMGET', control, 't:' .. group, 'r:' .. group)
if lease and token < tonumber(lease[1] or '0') then
  redis.call('HSET', control, writer, seq)
  return {'STALE'}
end

local since, before, owner
if h[3] then since, before, owner = string.match(h[3], '^(-?%d+)|(%a+)|?(.*)$') end
local final, was_final = status ~= 'running', before ~= nil and before ~= 'running'
if before then
  -- A final status replaces `running` and is never replaced by it. Otherwise the
  -- newest attempt wins: within a writer the sequence number decides, which no
  -- clock can change, and between writers the time.
  local older = not lease and tonumber(at) < tonumber(since)
  if (was_final and not final) or (owner ~= ARGV[4] and was_final == final and older) then
    redis.call('HSET', control, writer, seq)
    return {'STALE'}
  end
  if owner == ARGV[4] and older then at = since end
end

local changes = {writer, seq, key, at .. '|' .. status .. '|' .. ARGV[4]}
local text, decided, mark = ARGV[9], string.match(h[4] or '', '^(-?%d+)|[^|]*|(%a+)$')
-- A decision was made on this result, which the record had lost.
if decided and tonumber(at) <= tonumber(decided) then text = with_mark(text, mark, decided) end
redis.call('SET', KEYS[5], text)
if not before then redis.call('SADD', KEYS[6], KEYS[5]) end
local is_last = false
if lease then
  local open = lease[2] or ''
  local from, to = string.find(open, '\n' .. ARGV[6] .. '\n', 1, true)
  if final and from then open = string.sub(open, 1, from) .. string.sub(open, to + 1) end
  is_last = final and string.find(open, '^%d+\n$')
  for _, change in ipairs({'t:' .. group, ARGV[13], 'r:' .. group, open}) do changes[#changes + 1] = change end
end
if before ~= status and final then
  local s = state()
  local function count(of, change)
    s[of] = (s[of] or 0) + change
    changes[#changes + 1] = 'c:' .. of
    changes[#changes + 1] = string.format('%.0f', s[of])
  end
  if was_final then count(before, -1) end
  count(status, 1)
  write_document(add_up(s))
end
-- A second execution is published as an update: `test:finished` comes once.
local name = ARGV[10]
if was_final then name = 'test:updated' end
local id = publish(name, ARGV[11], ARGV[8], changes)
-- The last outcome releases the group. It comes after the mark of the operation:
-- a group that keeps its lease is looked at again, one without would be lost.
if is_last then
  redis.call('ZREM', KEYS[7], group)
  redis.call('ZREM', KEYS[8], group)
end
return {'OK', id}
