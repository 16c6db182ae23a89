import Redis

/// Counting the parts of a chord, with the keys and the meaning that Celery 5.7's Redis backend gives them
/// (`celery.backends.redis.RedisBackend.on_chord_part_return`), as Python workers count parts of the same chord:
/// `.j` results in order, `.t` and `.s` the size, `.d` the counted parts, `.c` who sends the callback.
enum ChordScripts {
    /// KEYS: j, t, s, d, c, group. ARGV: task id, encoded result, index, expiry, seconds of the claim, token.
    /// Returns whether the caller is to send the callback: 1 if so.
    static let count = RedisScript(
        """
        local results, extra, size, counted, claim = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
        if redis.call('GET', claim) == 'done' then return 0 end
        if redis.call('SADD', counted, ARGV[1] .. ':' .. ARGV[3]) == 1 then
            redis.call('ZADD', results, ARGV[3], ARGV[2])
        end
        local expiry = tonumber(ARGV[4])
        if expiry > 0 then
            for index, key in ipairs(KEYS) do
                if index ~= 5 then redis.call('EXPIRE', key, expiry) end
            end
        end
        local wanted = redis.call('GET', size)
        if not wanted then return 0 end
        wanted = tonumber(wanted) + tonumber(redis.call('GET', extra) or 0)
        if redis.call('ZCARD', results) ~= wanted then return 0 end
        if redis.call('SET', claim, ARGV[6], 'NX', 'EX', ARGV[5]) then return 1 end
        return 0
        """)

    /// Removes the counts after the callback was sent and keeps the mark that it was.
    /// KEYS: c, j, t, s, d. ARGV: token, seconds of the mark.
    static let finish = RedisScript(
        """
        if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        redis.call('DEL', KEYS[2], KEYS[3], KEYS[4], KEYS[5])
        redis.call('SET', KEYS[1], 'done', 'EX', ARGV[2])
        return 1
        """)

    /// Renews the claim before the callback is sent. KEYS: c, s. ARGV: token, seconds.
    static let extend = RedisScript(
        """
        local owner = redis.call('GET', KEYS[1])
        if owner == ARGV[1] then return redis.call('EXPIRE', KEYS[1], ARGV[2]) end
        if not owner and redis.call('EXISTS', KEYS[2]) == 1 then
            redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
            return 1
        end
        return 0
        """)
}
