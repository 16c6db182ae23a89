import NIOCore
import NIOPosix
import NIOSSL

/// One connection, signed in and with its database selected. It is not made again when it ends: `RedisClient` does that.
package final class RedisConnection: Sendable {
    private let channel: any Channel
    private let handler: NIOLoopBound<RedisChannelHandler>
    private let commandTimeout: Duration

    private init(channel: any Channel, handler: NIOLoopBound<RedisChannelHandler>, commandTimeout: Duration) {
        self.channel = channel
        self.handler = handler
        self.commandTimeout = commandTimeout
    }

    package var isActive: Bool { channel.isActive }

    /// - Throws: `RedisError`.
    package static func connect(_ url: RedisURL, _ options: RedisOptions) async throws -> RedisConnection {
        let connection: RedisConnection
        do {
            let tls = try url.tls.map { try NIOSSLContext(configuration: $0.configuration()) }
            let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(TimeAmount(options.connectTimeout))
                .channelOption(.socketOption(.so_keepalive), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        if let tls { try channel.pipeline.syncOperations.addHandler(url.tlsHandler(tls)) }
                        try channel.pipeline.syncOperations.addHandler(RedisChannelHandler(limits: options.limits))
                    }
                }
            let channel =
                switch url.address {
                case .host(let host, let port): try await bootstrap.connect(host: host, port: port).get()
                case .socket(let path): try await bootstrap.connect(unixDomainSocketPath: path).get()
                }
            let handler = try await channel.eventLoop.submit {
                NIOLoopBound(
                    try channel.pipeline.syncOperations.handler(type: RedisChannelHandler.self),
                    eventLoop: channel.eventLoop)
            }.get()
            connection = RedisConnection(channel: channel, handler: handler, commandTimeout: options.commandTimeout)
        } catch {
            throw RedisError.unavailable(reason(error))
        }
        do {
            try await connection.signIn(url, name: options.name)
        } catch {
            await connection.close()
            throw error
        }
        return connection
    }

    /// A NIO error in words without the arguments of commands.
    static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            "cannot connect to \(error.host):\(error.port) "
                + "(\(error.connectionErrors.first.map { "\($0.error)" } ?? "no address"))"
        case let error as ChannelError: "\(error)"
        default: "\(error)"
        }
    }

    private func signIn(_ url: RedisURL, name: String) async throws {
        var commands: [RedisCommand] = []
        if let password = url.password {
            commands.append(RedisCommand("AUTH", (url.user.map { [.text($0)] } ?? []) + [.text(password)]))
        }
        commands.append(RedisCommand("CLIENT", "SETNAME", .text(name.filter { $0.isASCII && $0 > " " })))
        if url.database != 0 { commands.append(RedisCommand("SELECT", .integer(url.database))) }
        for (command, reply) in zip(commands, try await send(commands)) {
            guard case .error(let error) = reply else { continue }
            let isAuthentication = command.name == "AUTH" || ["NOAUTH", "WRONGPASS", "NOPERM"].contains(error.code)
            throw isAuthentication ? RedisError.authentication(code: error.code) : .server(error)
        }
    }

    // MARK: Commands

    /// Sends commands together and waits for all replies; error replies are values.
    ///
    /// - Parameter timeout: for the replies; for a blocking command the time that it may block plus some seconds.
    /// - Throws: `RedisError` if the connection fails, which also ends it.
    package func send(_ commands: [RedisCommand], timeout: Duration? = nil) async throws -> [RESPValue] {
        let promise = channel.eventLoop.makePromise(of: [RESPValue].self)
        let amount = TimeAmount(timeout ?? commandTimeout)
        channel.eventLoop.execute { [handler] in handler.value.send(commands, timeout: amount, promise: promise) }
        return try await promise.futureResult.get()
    }

    /// - Throws: `RedisError`, also for an error reply.
    package func send(_ command: RedisCommand, timeout: Duration? = nil) async throws -> RESPValue {
        guard let reply = try await send([command], timeout: timeout).first else {
            throw RedisError.unexpectedReply(command: command.name)
        }
        return try reply.orThrow()
    }

    /// Makes it a connection for messages: every further reply goes to `onPush`.
    func subscribe(_ commands: [RedisCommand], onPush: @escaping @Sendable (RESPValue) -> Void) {
        channel.eventLoop.execute { [handler] in handler.value.subscribe(commands, onPush: onPush) }
    }

    package func close() async { try? await channel.close().get() }

    /// Returns when the connection has ended.
    func closed() async { try? await channel.closeFuture.get() }
}

extension RedisURL {
    /// The name of the host is checked against the certificate; an address is, too, but is not sent as a name.
    fileprivate func tlsHandler(_ context: NIOSSLContext) throws -> NIOSSLClientHandler {
        guard case .host(let host, _) = address else {
            return try NIOSSLClientHandler(context: context, serverHostname: nil)
        }
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host)
    }
}

extension RedisURL.TLS {
    fileprivate func configuration() throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification =
            switch verification {
            case .full: .fullVerification
            case .withoutHostname: .noHostnameVerification
            case .none: .none
            }
        if let authorities { configuration.trustRoots = .file(authorities) }
        if let certificate, let key {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) }
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
        }
        return configuration
    }
}
