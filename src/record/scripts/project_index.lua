-- Derives what the keys of the project say about the snapshot from its history, so
-- that they are exact as well. Only for outcomes of the default branch, and not on
-- a cluster, where these keys are in other slots.
--
-- KEYS 3 flaky snapshots by score  4 quarantined snapshots  5 failing snapshots
--      6 prefix of the vitals
-- ARGV 4 snapshot  5 project
local snapshot, kept, last = ARGV[4], {}, ''
for i = math.max(surplus, 0) + 1, #outcomes do kept[#kept + 1] = outcomes[i] end

-- Quotes inside of texts are escaped, so that a name is found only as a field.
-- Plain searches are several times faster than patterns.
local function text_of(outcome, name)
  local _, at = string.find(outcome, ',"' .. name .. '":"', 1, true)
  return at and string.match(outcome, '^([^"\\]*)"', at + 1)
end
local function number_of(outcome, name)
  local _, at = string.find(outcome, ',"' .. name .. '":', 1, true)
  return at and tonumber(string.match(outcome, '^[%d.eE+-]+', at + 1) or '')
end
local function is(outcome, name) return string.find(outcome, ',"' .. name .. '":true', 1, true) ~= nil end
local function status_of(outcome) return string.match(outcome, '"status":"(%a+)"') end
local function is_good(outcome)
  local status = status_of(outcome)
  return status == 'passed' or status == 'changed'
end

-- `FlakeAssessment` in `src/history/flake.rs`, of the newest 40 outcomes.
local function conditions(outcome)
  local commit = text_of(outcome, 'commit')
  return commit and not is(outcome, 'dirty') and commit .. '\n' .. (text_of(outcome, 'environment') or '')
end

local function flake_score()
  local passes, executions, disagreements, suspects = {}, 0, 0, false
  local first = math.max(#kept - 39, 1)
  for i = first, #kept do
    suspects = suspects or status_of(kept[i]) == 'failed' or is(kept[i], 'unstable') or (number_of(kept[i], 'attempt') or 1) > 1
  end
  if not suspects then return nil end
  for i = first, #kept do
    local where = is_good(kept[i]) and conditions(kept[i])
    if where then
      passes[where] = passes[where] or {}
      passes[where][text_of(kept[i], 'baseline') or ''] = true
    end
  end
  for i = first, #kept do
    local outcome = kept[i]
    if not is(outcome, 'cached') and text_of(outcome, 'kind') ~= 'driver' then
      local where, baseline = conditions(outcome), text_of(outcome, 'baseline')
      local passed = where and passes[where]
      local has_passed = passed and (not baseline or passed[baseline])
      local disagrees = (is_good(outcome) and (number_of(outcome, 'attempt') or 1) > 1) or is(outcome, 'unstable')
        or (status_of(outcome) == 'failed' and has_passed)
      if disagrees then disagreements = disagreements + 1 end
      if disagrees or is_good(outcome) then executions = executions + 1 end
    end
  end
  if disagreements == 0 then return nil end
  local rate = disagreements / executions
  local margin = math.sqrt(rate * (1 - rate) / executions + 0.25 / (executions * executions))
  return math.min(math.max((rate + 0.5 / executions - margin) / (1 + 1 / executions), 0), 1)
end

-- The smallest value that 95 % of the snapshots do not exceed, and the average.
local function write_vitals(vitals, decimals)
  local values = redis.call('ZRANGE', vitals .. ':snapshots', 0, -1, 'WITHSCORES')
  local n, sum = #values / 2, 0
  if n == 0 then return redis.call('DEL', vitals) end
  for i = 2, #values, 2 do sum = sum + tonumber(values[i]) end
  local p95 = tonumber(values[2 * math.ceil(n * 95 / 100)])
  local shown = '%.' .. decimals .. 'f'
  redis.call('HSET', vitals, 'avg', string.format(shown, sum / n), 'p95', string.format(shown, p95), 'n', number(n))
end

local function set_vitals(engine, metric, value, decimals)
  local vitals, member = KEYS[6] .. ':' .. engine .. ':' .. metric, ARGV[5] .. '/' .. snapshot
  if value then
    redis.call('ZADD', vitals .. ':snapshots', string.format('%.17g', value), member)
  elseif redis.call('ZREM', vitals .. ':snapshots', member) == 0 then
    return
  end
  write_vitals(vitals, decimals)
end

local function write_index()
  local score = flake_score()
  if score then redis.call('ZADD', KEYS[3], string.format('%.17g', score), snapshot) else redis.call('ZREM', KEYS[3], snapshot) end
  for i = #kept, 1, -1 do
    if status_of(kept[i]) ~= 'skipped' then last = kept[i] break end
  end
  local quarantine = text_of(last, 'quarantine')
  if quarantine then redis.call('HSET', KEYS[4], snapshot, quarantine) else redis.call('HDEL', KEYS[4], snapshot) end
  -- The hash has the kind of each failing snapshot, the sets the snapshots of each
  -- kind. The hash comes last, so that an interrupted change is repeated.
  local before, kind = redis.call('HGET', KEYS[5], snapshot), nil
  if status_of(last) == 'failed' then kind = text_of(last, 'kind') or 'other' end
  if before and before ~= kind then redis.call('SREM', KEYS[5] .. ':' .. before, snapshot) end
  if kind then
    redis.call('SADD', KEYS[5] .. ':' .. kind, snapshot)
    redis.call('HSET', KEYS[5], snapshot, kind)
  else
    redis.call('HDEL', KEYS[5], snapshot)
  end
  local engine = text_of(last, 'engine')
  if engine then
    set_vitals(engine, 'lcp', number_of(last, 'lcpMs'), 0)
    set_vitals(engine, 'cls', number_of(last, 'cls'), 4)
  end
end

-- A key of another type, which others may have written, keeps no outcome from being
-- recorded.
if KEYS[3] then pcall(write_index) end
return 1
