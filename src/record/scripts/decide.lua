-- Records a decision on a snapshot. It counts for results that were recorded
-- before it, also if they arrive later, as the record may have lost them.
-- KEYS 5 document of the snapshot
-- ARGV 4 writer  5 sequence number  6 key  7 at ms  8 mark or ''  9 event type  10 event fields
local writer, seq, key, at, mark = 'a:' .. ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local h = redis.call('HMGET', control, 'head', writer, 's:' .. key, 'd:' .. key)
local refusal = check_sequence(h[1], h[2], seq)
if refusal then return refusal end

local decided, owner = string.match(h[4] or '', '^(-?%d+)|([^|]*)|')
if decided and owner ~= ARGV[4] and tonumber(at) < tonumber(decided) then
  redis.call('HSET', control, writer, seq)
  return {'STALE'}
end
local since, text = string.match(h[3] or '', '^(-?%d+)|'), redis.call('GET', KEYS[5])
if text and since and tonumber(since) <= tonumber(at) then redis.call('SET', KEYS[5], with_mark(text, mark, at)) end
return {'OK', publish(ARGV[9], ARGV[10], at, {'d:' .. key, at .. '|' .. ARGV[4] .. '|' .. mark, writer, seq})}
