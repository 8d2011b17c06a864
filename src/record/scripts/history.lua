#!lua
-- Adds an outcome to the history of a snapshot, and derives the statistics.
--
-- Why the statistics are exact although an outcome may be sent several times: the
-- history is a set, so an outcome is in it once. Outcomes beyond its length leave
-- it in the order of their times; `left` has their counts and `until` the time of
-- the last one that left. An outcome up to that time that is not in the history
-- has been counted before, and is refused. The statistics are `left` and the
-- outcomes in the history; of each run only the last one counts.
--
-- If the server is killed in between, it may bring back only the first commands:
-- after ZADD the next outcome derives all again; after HSET `gone` names the
-- outcomes that are counted in `left` but still in the history.
--
-- KEYS 1 history  2 statistics
-- ARGV 1 outcome as JSON  2 its time in ms  3 length of the history
--      more, for the keys of the project: see project_index.lua, which follows
local history, statistics, length = KEYS[1], KEYS[2], tonumber(ARGV[3])
local h = redis.call('HMGET', statistics, 'until', 'gone', 'left')
for outcome in string.gmatch(h[2] or '', '[^\n]+') do redis.call('ZREM', history, outcome) end
if h[1] and tonumber(ARGV[2]) <= tonumber(h[1]) and not redis.call('ZSCORE', history, ARGV[1]) then return 0 end
redis.call('ZADD', history, ARGV[2], ARGV[1])

-- Counts are stored as `total passed failed sum last|histogram`.
local function decode(text)
  local total, passed, failed, sum, last, histogram = string.match(text or '', '^(%d+) (%d+) (%d+) (%d+) (-?%d*)|(.*)$')
  local t = {total = tonumber(total or '0'), passed = tonumber(passed or '0'), failed = tonumber(failed or '0'),
    sum = tonumber(sum or '0'), last = tonumber(last or ''), buckets = {}}
  for bucket, count in string.gmatch(histogram or '', '(%d+):(%d+)') do t.buckets[tonumber(bucket)] = tonumber(count) end
  return t
end

local function number(n)
  return n and string.format('%.0f', n) or ''
end

-- The buckets of `Histogram` in `src/history/histogram.rs`.
local function bucket_of(ms)
  if ms < 16 then return ms end
  local _, exponent = math.frexp(ms)
  local shift = exponent - 5
  return shift * 16 + math.floor(ms / 2 ^ shift)
end

local function middle_of(bucket)
  if bucket < 32 then return bucket end
  local width = 2 ^ (math.floor(bucket / 16) - 1)
  return (bucket % 16 + 16) * width + math.floor((width - 1) / 2)
end

local function sorted(buckets)
  local all = {}
  for bucket in pairs(buckets) do all[#all + 1] = bucket end
  table.sort(all)
  return all
end

local function histogram_of(t)
  local parts = {}
  for _, bucket in ipairs(sorted(t.buckets)) do parts[#parts + 1] = number(bucket) .. ':' .. number(t.buckets[bucket]) end
  return table.concat(parts, ' ')
end

local function count(t, time, status, duration)
  if status == 'running' or status == 'skipped' then return end
  t.total = t.total + 1
  if status == 'passed' or status == 'changed' then
    t.passed, t.last = t.passed + 1, math.max(t.last or time, time)
  elseif status == 'failed' then
    t.failed = t.failed + 1
  end
  if duration then
    local bucket = bucket_of(duration)
    t.sum, t.buckets[bucket] = t.sum + duration, (t.buckets[bucket] or 0) + 1
  end
end

local outcomes = redis.call('ZRANGE', history, 0, -1)
local surplus = #outcomes - length
local left, all, seen, gone = decode(h[3]), decode(h[3]), {}, {}
for i = #outcomes, 1, -1 do
  local text = outcomes[i]
  local run, time, status, field, value =
    string.match(text, '^{"runId":"([^"]*)","at":(-?%d+),"status":"(%a+)",?"?(%a*)"?:?(%d*)')
  if run and not seen[run] then
    seen[run] = true
    local duration
    if field == 'durationMs' and not string.find(text, ',"cached":true', 1, true) then duration = tonumber(value) end
    count(all, tonumber(time), status, duration)
    if i <= surplus then count(left, tonumber(time), status, duration) end
  end
  if i <= surplus then gone[#gone + 1] = text end
end

local durations = 0
for _, n in pairs(all.buckets) do durations = durations + n end
local function percentile(percent)
  local rank, passed = math.max(1, math.ceil(durations * percent / 100)), 0
  for _, bucket in ipairs(sorted(all.buckets)) do
    passed = passed + all.buckets[bucket]
    if passed >= rank then return number(middle_of(bucket)) end
  end
  return ''
end

local compared = all.passed + all.failed
local fields = {'total_runs', number(all.total), 'passed_runs', number(all.passed), 'failed_runs', number(all.failed),
  'avg_duration', durations > 0 and number(math.floor((2 * all.sum + durations) / (2 * durations))) or '',
  'last_success', number(all.last), 'success_rate', compared > 0 and string.format('%.4f', all.passed / compared) or '',
  'p50', percentile(50), 'p95', percentile(95), 'duration_sum', number(all.sum), 'durations', histogram_of(all)}
if surplus > 0 then
  local text = number(left.total) .. ' ' .. number(left.passed) .. ' ' .. number(left.failed) .. ' ' .. number(left.sum)
  local last = redis.call('ZSCORE', history, outcomes[surplus])
  for _, value in ipairs({'left', text .. ' ' .. number(left.last) .. '|' .. histogram_of(left), 'gone', table.concat(gone, '\n'),
    'until', number(tonumber(last))}) do fields[#fields + 1] = value end
end
redis.call('HSET', statistics, unpack(fields))
if surplus > 0 then redis.call('ZREMRANGEBYRANK', history, 0, surplus - 1) end
