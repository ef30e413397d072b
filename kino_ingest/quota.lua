-- Lets in what one token sends, as far as both of its windows allow, in one atomic step under the server's own clock.
-- KEYS: when it was let in during the last hour (sorted set, microseconds) · how it took its refusals (hash)
-- ARGV: how many requests ask · allowed in a minute · allowed in an hour
-- Answers: let in · wait (0 when all were let in) · left in the minute, until one comes back · the same of the hour;
-- times in microseconds.
local MINUTE, HOUR, DAY_SECONDS = 60 * 1000000, 3600 * 1000000, 86400
local GRACE, PATIENCE = 2 * 1000000, 20

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local asked = tonumber(ARGV[1])

local function whole(number)
    return string.format('%.0f', number)
end

-- How many lie in a window, and how long until there is room for one more or one comes back.
local function window(length, limit)
    local from = whole(now - length + 1)
    local used = redis.call('ZCOUNT', KEYS[1], from, '+inf')
    local first = redis.call('ZRANGEBYSCORE', KEYS[1], from, '+inf', 'WITHSCORES', 'LIMIT', math.max(0, used - limit), 1)
    return limit - used, first[2] and (tonumber(first[2]) + length - now) or 0
end

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', whole(now - HOUR))
local per_minute, per_hour = tonumber(ARGV[2]), tonumber(ARGV[3])
local left_minute = window(MINUTE, per_minute)
local left_hour = window(HOUR, per_hour)

local banned = tonumber(redis.call('HGET', KEYS[2], 'banned_until') or '0') - now
local granted = 0
if banned <= 0 then
    granted = math.max(0, math.min(asked, left_minute, left_hour))
end
for number = 1, granted do
    redis.call('ZADD', KEYS[1], whole(now), whole(now) .. '-' .. number)
end
if granted > 0 then
    redis.call('EXPIRE', KEYS[1], 3600)
end

local back_minute, back_hour
left_minute, back_minute = window(MINUTE, per_minute)
left_hour, back_hour = window(HOUR, per_hour)
local wait = math.max(banned, 0)
if granted < asked and banned <= 0 then
    if left_minute <= 0 then wait = math.max(wait, back_minute) end
    if left_hour <= 0 then wait = math.max(wait, back_hour) end

    -- Whoever goes on sending before the time that it was told is kept out, each time twice as long.
    local told = redis.call('HMGET', KEYS[2], 'told_at', 'told_until', 'ignored', 'bans')
    if not told[1] or now >= tonumber(told[2]) then
        redis.call('HSET', KEYS[2], 'told_at', whole(now), 'told_until', whole(now + wait), 'ignored', 0)
    elseif now > tonumber(told[1]) + GRACE then
        local ignored, bans = tonumber(told[3]) + asked - granted, tonumber(told[4] or '0')
        if ignored >= PATIENCE then
            wait = math.max(wait, math.min(MINUTE * 2 ^ bans, HOUR))
            bans, ignored = bans + 1, 0
            redis.call('HSET', KEYS[2], 'banned_until', whole(now + wait), 'bans', bans)
        end
        redis.call('HSET', KEYS[2], 'ignored', ignored)
    end
    redis.call('EXPIRE', KEYS[2], DAY_SECONDS)
end
return {granted, wait, math.max(left_minute, 0), back_minute, math.max(left_hour, 0), back_hour}
