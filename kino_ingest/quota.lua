-- Lets in what one sender sends, as far as all of its windows allow, in one atomic step under the server's own clock.
-- KEYS: when it was let in during its longest window (sorted set, microseconds) · how it took its refusals (hash)
-- ARGV: how many requests ask, then for each window, the longest last: its length in seconds · allowed in it
-- Answers: let in · wait (0 when all were let in), then for each window: left, until one comes back; times in
-- microseconds.
local SECOND, MINUTE, HOUR, DAY_SECONDS = 1000000, 60 * 1000000, 3600 * 1000000, 86400
local GRACE, PATIENCE = 2 * SECOND, 20

local time = redis.call('TIME')
local now = time[1] * SECOND + time[2]
local asked = tonumber(ARGV[1])

local function whole(number)
    return string.format('%.0f', number)
end

local windows = {}
for place = 2, #ARGV, 2 do
    windows[#windows + 1] = {length = tonumber(ARGV[place]) * SECOND, limit = tonumber(ARGV[place + 1])}
end
local longest = windows[#windows].length

-- How many are left in a window, and how long until there is room for one more or one comes back.
local function look(window)
    local from = whole(now - window.length + 1)
    local used = redis.call('ZCOUNT', KEYS[1], from, '+inf')
    local offset = math.max(0, used - window.limit)
    local first = redis.call('ZRANGEBYSCORE', KEYS[1], from, '+inf', 'WITHSCORES', 'LIMIT', offset, 1)
    window.left = window.limit - used
    window.back = first[2] and (tonumber(first[2]) + window.length - now) or 0
end

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', whole(now - longest))
local banned = tonumber(redis.call('HGET', KEYS[2], 'banned_until') or '0') - now
local granted = banned <= 0 and asked or 0
for _, window in ipairs(windows) do
    look(window)
    granted = math.max(0, math.min(granted, window.left))
end
for number = 1, granted do
    redis.call('ZADD', KEYS[1], whole(now), whole(now) .. '-' .. number)
end
if granted > 0 then
    redis.call('EXPIRE', KEYS[1], longest / SECOND)
end

local wait = math.max(banned, 0)
for _, window in ipairs(windows) do
    look(window)
    if granted < asked and banned <= 0 and window.left <= 0 then wait = math.max(wait, window.back) end
end
if granted < asked and banned <= 0 then
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

local answer = {granted, wait}
for _, window in ipairs(windows) do
    answer[#answer + 1] = math.max(window.left, 0)
    answer[#answer + 1] = window.back
end
return answer
