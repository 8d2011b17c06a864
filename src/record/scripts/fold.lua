#!lua
-- Counts outcomes in a window, each once. The numbers of the outcomes and the counts
-- are stored by one command, so that a server that is killed while it writes its
-- append-only file has both or neither.
-- KEYS 1 window
-- ARGV 1 when the window is removed, ms  2… per outcome: number, project, status, ms or '', bucket of the duration
--      or '', flaky 0|1
--
-- Fields of the window:
--   o:{writer}-{sequence}    an outcome that is counted
--   {project}/{status}       outcomes with that final status
--   {project}/flaky          outcomes that passed, but not at the first attempt
--   {project}/ms             the sum of their durations
--   {project}/durations      `{bucket}:{count},…`
--   gauge/{name}             measurements, see gauges.lua
local key, expiry = KEYS[1], ARGV[1]
local now = tonumber(redis.call('TIME')[1]) * 1000
-- An expired window does not come back, and a wrong clock creates none that stays.
if tonumber(expiry) <= now or tonumber(expiry) > now + 2 * 86400000 then return 0 end

local numbers = {}
for i = 2, #ARGV, 6 do numbers[#numbers + 1] = 'o:' .. ARGV[i] end
local known = redis.call('HMGET', key, unpack(numbers))

local counts, durations, changes = {}, {}, {}
local function add(field, amount)
  counts[field] = (counts[field] or tonumber(redis.call('HGET', key, field) or '0')) + amount
end

local function buckets(field)
  if not durations[field] then
    durations[field] = {}
    for bucket, count in string.gmatch(redis.call('HGET', key, field) or '', '(%d+):(%d+)') do
      durations[field][tonumber(bucket)] = tonumber(count)
    end
  end
  return durations[field]
end

local seen, added = {}, 0
for i, number in ipairs(numbers) do
  if not known[i] and not seen[number] then
    seen[number], added = true, added + 1
    local at = 2 + (i - 1) * 6
    local project, status, ms, bucket, flaky = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5]
    add(project .. '/' .. status, 1)
    if flaky == '1' then add(project .. '/flaky', 1) end
    if ms ~= '' then
      add(project .. '/ms', tonumber(ms))
      local all = buckets(project .. '/durations')
      all[tonumber(bucket)] = (all[tonumber(bucket)] or 0) + 1
    end
    changes[#changes + 1] = number
    changes[#changes + 1] = ''
  end
end
for field, count in pairs(counts) do
  changes[#changes + 1] = field
  changes[#changes + 1] = string.format('%.0f', count)
end
for field, all in pairs(durations) do
  local sorted, parts = {}, {}
  for bucket in pairs(all) do sorted[#sorted + 1] = bucket end
  table.sort(sorted)
  for _, bucket in ipairs(sorted) do parts[#parts + 1] = string.format('%.0f:%.0f', bucket, all[bucket]) end
  changes[#changes + 1] = field
  changes[#changes + 1] = table.concat(parts, ',')
end
if #changes > 0 then redis.call('HSET', key, unpack(changes)) end
redis.call('PEXPIREAT', key, expiry)
return added
