/**
 * Settles what is reported, and takes from all limits or from none. All times are Redis' own.
 *
 * KEYS: the pause, what was learned, the leases, then one for each limit. ARGV: what is asked for, as JSON, see `Ask`.
 *
 * A lease may be for later: what it takes makes the bucket a debt, so that the first to ask is the first to start, whatever its size. A
 * debt of more than `horizonMs` takes no further lease. Amounts stand in the order of `limitUnits`.
 */
export const takeScript = `
local ask = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000

local function pace(key, limit)
  local kept = redis.call('HMGET', key, 'level', 'atMs')
  local level = tonumber(kept[1] or limit.first)
  -- A clock that was set back lets nothing flow in twice.
  level = math.min(limit.capacity, level + math.max(0, now - tonumber(kept[2] or now)) * limit.perMs)
  local bucket = {}
  function bucket.waitMs(weight)
    local needed = weight + limit.spare
    if needed > limit.capacity then needed = limit.capacity end
    return math.max(0, (needed - level) / limit.perMs)
  end
  function bucket.rejectedMs()
    return math.max(0, (limit.spare - level) / limit.perMs - ask.horizonMs)
  end
  function bucket.add(weight)
    level = math.min(limit.capacity, level + weight)
  end
  function bucket.available()
    return level - limit.spare
  end
  function bucket.keep()
    redis.call('HSET', key, 'level', string.format('%.9f', level), 'atMs', string.format('%.3f', now))
    redis.call('PEXPIRE', key, math.ceil(math.max(60000, (limit.capacity - level) / limit.perMs + 1000)))
  end
  return bucket
end

local function quota(key, limit)
  local taken, pieces, sum = {}, {}, 0
  local current = math.floor(now / limit.pieceMs)
  local kept = redis.call('HGETALL', key)
  for index = 1, #kept, 2 do
    local piece = tonumber(kept[index])
    if piece < current - limit.pieces then
      redis.call('HDEL', key, kept[index])
    else
      taken[piece] = tonumber(kept[index + 1])
      pieces[#pieces + 1] = piece
      sum = sum + taken[piece]
    end
  end
  local bucket = {}
  function bucket.waitMs() return 0 end
  function bucket.rejectedMs(weight)
    local missing = math.min(weight, limit.amount) - (limit.amount - sum)
    if missing <= 0 then return 0 end
    table.sort(pieces)
    for _, piece in ipairs(pieces) do
      missing = missing - taken[piece]
      if missing <= 0 then return (piece + limit.pieces + 1) * limit.pieceMs - now end
    end
    return limit.pieceMs
  end
  function bucket.add(weight, ageMs)
    local piece = math.floor((now - ageMs) / limit.pieceMs)
    if weight == 0 or (piece ~= current and taken[piece] == nil) then return end
    taken[piece] = (taken[piece] or 0) - weight
    sum = sum - weight
    redis.call('HINCRBYFLOAT', key, piece, -weight)
  end
  function bucket.available() return limit.amount - sum end
  function bucket.keep()
    redis.call('PEXPIRE', key, math.ceil((limit.pieces + 1) * limit.pieceMs))
  end
  return bucket
end

local buckets = {}
for index, limit in ipairs(ask.limits) do
  buckets[index] = (limit.kind == 'pace' and pace or quota)(KEYS[3 + index], limit)
end

local function add(amounts, ageMs)
  for index, bucket in ipairs(buckets) do bucket.add(amounts[ask.limits[index].unit], ageMs) end
end

local function amountsOf(lease)
  local amounts = {}
  for amount in string.gmatch(string.match(lease, ' (.*)'), '[^ ]+') do amounts[#amounts + 1] = tonumber(amount) end
  return amounts
end

for _, lease in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', string.format('%.3f', now), 'LIMIT', 0, 100)) do
  redis.call('ZREM', KEYS[3], lease)
  add(amountsOf(lease), 0)
end
for _, report in ipairs(ask.reports) do
  local left = report.left
  -- It had expired, and was given back whole.
  if redis.call('ZREM', KEYS[3], report.lease) == 0 then
    for index, amount in ipairs(amountsOf(report.lease)) do left[index] = left[index] - amount end
  end
  add(left, 0)
end
for _, settled in ipairs(ask.settled) do add(settled.unused, settled.ageMs) end

local reply = { type = 'changed', pauseMs = math.max(0, redis.call('PTTL', KEYS[1])), learned = redis.call('GET', KEYS[2]) or '' }
if reply.pauseMs > 0 then reply.reason = redis.call('GET', KEYS[1]) end
if ask.lease and reply.pauseMs == 0 and reply.learned == ask.learned then
  local amounts, startsInMs, retryInMs, unit = amountsOf(ask.lease), 0, 0, ask.limits[1].unit
  for index, bucket in ipairs(buckets) do
    local limit = ask.limits[index]
    local rejectedMs, waitMs = bucket.rejectedMs(amounts[limit.unit]), bucket.waitMs(amounts[limit.unit])
    if rejectedMs > retryInMs or (retryInMs == 0 and waitMs > startsInMs) then unit = limit.unit end
    retryInMs, startsInMs = math.max(retryInMs, rejectedMs), math.max(startsInMs, waitMs)
  end
  reply.unit, reply.startsInMs, reply.retryInMs = unit - 1, startsInMs, retryInMs
  reply.type = retryInMs > 0 and 'rejected' or 'lease'
  if retryInMs == 0 then
    for index, amount in ipairs(amounts) do amounts[index] = -amount end
    add(amounts, 0)
    redis.call('ZADD', KEYS[3], string.format('%.3f', now + startsInMs + ask.expiryMs), ask.lease)
    redis.call('PEXPIRE', KEYS[3], math.ceil(startsInMs + ask.expiryMs + 600000))
  end
end
reply.available = {}
for index, bucket in ipairs(buckets) do
  bucket.keep()
  reply.available[index] = bucket.available()
end
return cjson.encode(reply)
`;

/**
 * Makes a pause that is longer than what is left of the one there is, and tells all.
 *
 * KEYS: the pause. ARGV: milliseconds, the reason, the channel, and what is told there.
 */
export const pauseScript = `
if redis.call('PTTL', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[1])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1
`;

/**
 * Keeps a limit that a provider told, and tells all. It begins empty: what is in flight has taken its part.
 *
 * KEYS: what was learned, the limit's bucket. ARGV: the unit, the limit as JSON, milliseconds to remember it, the channel, the target's name.
 */
export const learnScript = `
local learned = cjson.decode(redis.call('GET', KEYS[1]) or '{}')
if learned[ARGV[1]] ~= ARGV[2] then
  if learned[ARGV[1]] == nil then
    local time = redis.call('TIME')
    redis.call('HSET', KEYS[2], 'level', 0, 'atMs', string.format('%.3f', time[1] * 1000 + time[2] / 1000))
    redis.call('PEXPIRE', KEYS[2], 60000)
  end
  learned[ARGV[1]] = ARGV[2]
  local text = cjson.encode(learned)
  redis.call('SET', KEYS[1], text)
  redis.call('PUBLISH', ARGV[4], cjson.encode({ target = ARGV[5], learned = text }))
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return redis.call('GET', KEYS[1])
`;
