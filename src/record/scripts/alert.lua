#!lua
-- Changes the state of an alert, unless it has this state or a newer one. The state of
-- an alert is its last entry in the log.
-- KEYS 1 log of alerts
-- ARGV 1 length of the log  2 project  3 name  4 raised|resolved  5 at ms  6 when  7 value
local log, project, name, state, at = KEYS[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local function fields(entry)
  local found = {}
  for i = 1, #entry[2], 2 do found[entry[2][i]] = entry[2][i + 1] end
  return found
end

local function identity(of) return (of.project or '') .. '\n' .. (of.name or '') end

local entries, last = redis.call('XRANGE', log, '-', '+'), {}
for i, entry in ipairs(entries) do
  local of = fields(entry)
  last[identity(of)] = {state = of.state, at = of.at, index = i}
end
local before = last[project .. '\n' .. name]
if before and tonumber(before.at or '0') > tonumber(at) then return {'STALE'} end
if (before and before.state or 'resolved') == state then
  -- The reply to the same change may have been lost.
  if before and before.at == at then return {'OK'} end
  return {'SAME'}
end
local id = redis.call('XADD', log, '*', 'project', project, 'name', name, 'state', state, 'at', at,
  'when', ARGV[6], 'value', ARGV[7])
-- An alert that is raised keeps its entry, as it would be raised again without.
local surplus = #entries + 1 - tonumber(ARGV[1])
for i, entry in ipairs(entries) do
  if surplus <= 0 then break end
  local of = identity(fields(entry))
  local is_open = last[of].index == i and last[of].state == 'raised' and of ~= project .. '\n' .. name
  if not is_open then
    redis.call('XDEL', log, entry[1])
    surplus = surplus - 1
  end
end
return {'OK', id}
