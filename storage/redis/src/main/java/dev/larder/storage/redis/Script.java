package dev.larder.storage.redis;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * What has to happen at once in Redis, in Lua. Nothing newer than Redis 6.2 is used, and every key that a script writes
 * has a time to live when it ends.
 *
 * <p>The hash of a place has for each entry a field {@code h} and its id (the record), one {@code u} and its id (the uses,
 * see {@link Usage}) and, if the body is inline, one {@code b} and its id (the chunk). The field {@code !} says when the
 * key was last removed, by the server's clock, and by which process. The body of any other entry is a hash of its own,
 * with a field for each chunk: it goes as a whole, or not at all.
 */
enum Script {
    /**
     * Makes an entry visible, unless a removal has hit it since it was requested. Keys: hash, body and, where that may be
     * in another slot than they are, not the removals of the namespace. Answers 0, or 1 and how many entries had to go for
     * want of room and the ids of all that went, those first.
     */
    COMMIT("""
            local id, now, server = ARGV[1], tonumber(ARGV[8]), servertime()
            if isHit(server, redis.call('HGET', KEYS[1], '!'), ARGV[10], ARGV[9])
                or (KEYS[3] and isHit(server, redis.call('GET', KEYS[3]), ARGV[10], ARGV[9])) then
              redis.call('UNLINK', KEYS[2])
              return {0}
            end
            local chunks = tonumber(ARGV[7])
            if ARGV[6] ~= '' then
              if #ARGV[6] <= tonumber(ARGV[14]) and redis.call('HLEN', KEYS[1]) < tonumber(ARGV[15]) then
                redis.call('HSET', KEYS[1], 'b' .. id, ARGV[6])
              else
                redis.call('HSET', KEYS[2], '0', ARGV[6])
                redis.call('PEXPIRE', KEYS[2], ARGV[11])
              end
            elseif chunks > 0 then
              if redis.call('HLEN', KEYS[2]) ~= chunks then
                redis.call('UNLINK', KEYS[2])
                return {0}
              end
              redis.call('PEXPIRE', KEYS[2], ARGV[11])
            end
            redis.call('HSET', KEYS[1], 'h' .. id, ARGV[2],
                'u' .. id, ARGV[3] .. ' 0 ' .. ARGV[4] .. ' ' .. ARGV[5])
            keep(KEYS[1], tonumber(ARGV[11]))
            local gone = {}
            for i = 16, #ARGV do
              if ARGV[i] ~= id and drop(KEYS[1], ARGV[i], ARGV[12], now) >= 0 then
                gone[#gone + 1] = ARGV[i]
              end
            end
            local others = {}
            for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
              local other = string.sub(field, 2)
              if string.sub(field, 1, 1) == 'h' and other ~= id then
                local last, _, expires = uses(KEYS[1], other)
                if alive(expires, now) then
                  others[#others + 1] = {tonumber(last), other}
                else
                  drop(KEYS[1], other, ARGV[12], now)
                  gone[#gone + 1] = other
                end
              end
            end
            local room = tonumber(ARGV[13]) - 1
            local evicted = {}
            if #others > room then
              table.sort(others, function(a, b) return a[1] < b[1] end)
              for i = 1, #others - room do
                drop(KEYS[1], others[i][2], ARGV[12], now)
                evicted[i] = others[i][2]
              end
            end
            local reply = {1, #evicted}
            for _, other in ipairs(evicted) do reply[#reply + 1] = other end
            for _, other in ipairs(gone) do reply[#reply + 1] = other end
            return reply
            """),

    /** Adds a chunk to the body of an entry that is being written. Keys: body. */
    APPEND("""
            redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
            redis.call('PEXPIRE', KEYS[1], ARGV[3])
            return 1
            """),

    /**
     * Replaces the changeable part of a record, if its format is one of two. Keys: hash, body. Answers the length of the
     * record, or 0.
     */
    FRESHEN("""
            local id, now = ARGV[1], tonumber(ARGV[5])
            local old = redis.call('HGET', KEYS[1], 'h' .. id)
            local last, count, expires = uses(KEYS[1], id)
            if not old or not alive(expires, now) then return 0 end
            local format = string.sub(old, tonumber(ARGV[7]) + 1, tonumber(ARGV[7]) + 1)
            if format ~= ARGV[8] and format ~= ARGV[9] then return 0 end
            local record = string.sub(old, 1, tonumber(ARGV[7])) .. ARGV[2]
            if ARGV[4] == '0' then
              expires = ARGV[3]
            else
              expires = prolonged(last, ARGV[4])
            end
            redis.call('HSET', KEYS[1], 'h' .. id, record,
                'u' .. id, last .. ' ' .. count .. ' ' .. expires .. ' ' .. ARGV[4])
            keep(KEYS[1], tonumber(ARGV[6]))
            keep(KEYS[2], tonumber(ARGV[6]))
            return #record
            """),

    /** Counts uses. Keys: hash, body. Answers whether the entry was there. */
    USE("""
            local id = ARGV[1]
            local last, count, expires, sliding = uses(KEYS[1], id)
            if redis.call('HEXISTS', KEYS[1], 'h' .. id) == 0 or not alive(expires, tonumber(ARGV[4])) then
              return 0
            end
            if tonumber(ARGV[3]) > tonumber(last) then last = ARGV[3] end
            if sliding ~= '0' then
              local later = prolonged(last, sliding)
              if tonumber(later) > tonumber(expires) then expires = later end
            end
            count = string.format('%.0f', tonumber(count) + tonumber(ARGV[2]))
            redis.call('HSET', KEYS[1], 'u' .. id, last .. ' ' .. count .. ' ' .. expires .. ' ' .. sliding)
            keep(KEYS[1], tonumber(ARGV[5]))
            keep(KEYS[2], tonumber(ARGV[5]))
            return 1
            """),

    /**
     * Removes the entries with the given ids, or all, and remembers that if told by whom. Keys: hash. Answers how many
     * were there, and the ids of all that went.
     */
    REMOVE("""
            local now = tonumber(ARGV[1])
            local ids = {}
            if #ARGV == 4 then
              for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
                if string.sub(field, 1, 1) == 'h' then ids[#ids + 1] = string.sub(field, 2) end
              end
            else
              for i = 5, #ARGV do ids[#ids + 1] = ARGV[i] end
            end
            local reply = {0}
            for _, id in ipairs(ids) do
              local was = drop(KEYS[1], id, ARGV[2], now)
              if was >= 0 then
                reply[1] = reply[1] + was
                reply[#reply + 1] = id
              end
            end
            if ARGV[3] ~= '' then
              redis.call('HSET', KEYS[1], '!', string.format('%.0f', servertime()) .. ' ' .. ARGV[3])
              keep(KEYS[1], tonumber(ARGV[4]))
            end
            return reply
            """),

    /**
     * Removes an entry if its record is still the given one and, if told so, it has expired. Keys: hash. Answers whether
     * it was there, or -1 when the entry has been changed meanwhile and stays.
     */
    REMOVE_IF_SAME("""
            local id, now = ARGV[1], tonumber(ARGV[3])
            if redis.call('HGET', KEYS[1], 'h' .. id) ~= ARGV[2] then return -1 end
            if ARGV[5] == '1' then
              local _, _, expires = uses(KEYS[1], id)
              if alive(expires, now) then return -1 end
            end
            return drop(KEYS[1], id, ARGV[4], now)
            """),

    /**
     * Grants a lease that nobody has, under a name and for so many milliseconds. Keys: lease. Answers who has it now and
     * for how many milliseconds.
     */
    LEASE("""
            redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])
            return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}
            """),

    /** Ends a lease if it still has this name. Keys: lease. */
    RELEASE("""
            if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('UNLINK', KEYS[1]) end
            return 0
            """),

    /** The fields of a place without bodies. Keys: hash. */
    HEADS("""
            local fields = {}
            for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
              local kind = string.sub(field, 1, 1)
              if kind == 'h' or kind == 'u' then fields[#fields + 1] = field end
            end
            local reply = {}
            for i = 1, #fields do
              reply[2 * i - 1] = fields[i]
              reply[2 * i] = redis.call('HGET', KEYS[1], fields[i])
            end
            return reply
            """),

    /** Remembers a removal that concerns more than one key. Keys: the removals of the namespace. */
    REMEMBER_REMOVAL("""
            redis.call('SET', KEYS[1], string.format('%.0f', servertime()) .. ' ' .. ARGV[1], 'PX', ARGV[2])
            return 1
            """),

    /** Whether such a removal hits an entry of some age. Keys: the removals of the namespace. */
    WAS_REMOVED("""
            if isHit(servertime(), redis.call('GET', KEYS[1]), ARGV[1], ARGV[2]) then return 1 end
            return 0
            """),

    /**
     * Keeps the index of a storage with a capacity. Keys: index, sizes. Takes a member that was stored or used, with its
     * size (-1 leaves it) and time, the limits, and members that are gone. Answers the members that have to go, which are
     * not in the index any more.
     */
    ACCOUNT("""
            local member, size, score = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
            local maxEntries, maxBytes = tonumber(ARGV[4]), tonumber(ARGV[5])
            local total = tonumber(redis.call('HGET', KEYS[2], '') or '0')
            if not total or redis.call('ZCARD', KEYS[1]) == 0 then
              redis.call('UNLINK', KEYS[1], KEYS[2])
              total = 0
            end
            local function forget(name)
              total = total - (tonumber(redis.call('HGET', KEYS[2], name) or '0') or 0)
              redis.call('HDEL', KEYS[2], name)
              redis.call('ZREM', KEYS[1], name)
            end
            for i = 7, #ARGV do forget(ARGV[i]) end
            local victims = {}
            if member ~= '' then
              total = total - (tonumber(redis.call('HGET', KEYS[2], member) or '0') or 0) + size
              redis.call('HSET', KEYS[2], member, string.format('%.0f', size))
              local before = tonumber(redis.call('ZSCORE', KEYS[1], member) or '-1')
              if score < before then score = before end
              redis.call('ZREM', KEYS[1], member)
              local room = maxEntries - 1
              while (maxEntries > 0 and redis.call('ZCARD', KEYS[1]) > room) or (maxBytes > 0 and total > maxBytes) do
                local oldest = redis.call('ZPOPMIN', KEYS[1])[1]
                if not oldest then
                    total = size
                    break
                  end
                forget(oldest)
                victims[#victims + 1] = oldest
              end
              redis.call('ZADD', KEYS[1], string.format('%.0f', score), member)
            end
            redis.call('HSET', KEYS[2], '', string.format('%.0f', total))
            redis.call('PEXPIRE', KEYS[1], ARGV[6])
            redis.call('PEXPIRE', KEYS[2], ARGV[6])
            return victims
            """);

    private static final String COMMON = """
            local function servertime()
              local time = redis.call('TIME')
              return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
            end
            local function isHit(server, removal, age, process)
              local at, by = string.match(removal or '', '^(%d+) (%w+)$')
              return at and by ~= process and server - tonumber(at) <= tonumber(age)
            end
            local function keep(key, millis)
              if redis.call('PTTL', key) < millis then redis.call('PEXPIRE', key, millis) end
            end
            local function uses(hash, id)
              return string.match(redis.call('HGET', hash, 'u' .. id) or '', '^(%d+) (%d+) (%d+) (%d+)$')
            end
            local function alive(expires, now)
              return expires and (expires == '0' or tonumber(expires) > now)
            end
            local function prolonged(last, sliding)
              return string.format('%.0f', math.floor(tonumber(last) / 1000) + tonumber(sliding))
            end
            local function drop(hash, id, grace, now)
              if redis.call('HEXISTS', hash, 'h' .. id) == 0 then return -1 end
              local _, _, expires = uses(hash, id)
              redis.call('HDEL', hash, 'h' .. id, 'u' .. id, 'b' .. id)
              redis.call('PEXPIRE', hash .. ':' .. id, grace)
              return alive(expires, now) and 1 or 0
            end
            """;

    final String text;
    /** The name that the server has for it once it has seen it. */
    final String digest;

    Script(String lua) {
        text = COMMON + lua;
        try {
            digest = HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-1").digest(text.getBytes(StandardCharsets.US_ASCII)));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-1", e);
        }
    }
}
