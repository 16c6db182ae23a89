import Redis

/// The steps that must not be torn apart when a process dies.
enum BrokerScripts {
    /// Moves messages from the lists to `unacked`, as a kombu consumer does in two steps.
    ///
    /// KEYS: unacked, unacked_index, lists. ARGV: how many, the time in seconds.
    /// Returns list, message, list, message …; what is no message is removed and returned as well.
    static let take = RedisScript(
        """
        local taken = {}
        local wanted = tonumber(ARGV[1])
        for i = 3, #KEYS do
            while wanted > 0 do
                local message = redis.call('RPOP', KEYS[i])
                if not message then break end
                local isMessage, envelope = pcall(cjson.decode, message)
                local properties = isMessage and type(envelope) == 'table' and envelope.properties
                local tag = type(properties) == 'table' and properties.delivery_tag
                if type(tag) == 'string' then
                    local info = type(properties.delivery_info) == 'table' and properties.delivery_info or {}
                    local function quoted(value)
                        return type(value) == 'string' and cjson.encode(value) or '""'
                    end
                    local entry = '[' .. message .. ',' .. quoted(info.exchange) .. ',' .. quoted(info.routing_key) .. ']'
                    redis.call('HSET', KEYS[1], tag, entry)
                    redis.call('ZADD', KEYS[2], ARGV[2], tag)
                end
                taken[#taken + 1] = KEYS[i]
                taken[#taken + 1] = message
                wanted = wanted - 1
            end
        end
        return taken
        """)

    /// Returns a message to its list, if it is still unacknowledged.
    ///
    /// KEYS: unacked, unacked_index, list. ARGV: delivery tag, message, `front` if it is to be taken next.
    static let restore = RedisScript(
        """
        redis.call('ZREM', KEYS[2], ARGV[1])
        if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
        if ARGV[3] == 'front' then
            redis.call('RPUSH', KEYS[3], ARGV[2])
        else
            redis.call('LPUSH', KEYS[3], ARGV[2])
        end
        return 1
        """)

    /// Deletes a lock that is still ours. KEYS: lock. ARGV: token.
    static let unlock = RedisScript(
        """
        if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
        return 0
        """)
}
