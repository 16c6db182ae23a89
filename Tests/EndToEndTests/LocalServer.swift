import Foundation
import FoundationNetworking
import Testing

/// A built server on a loopback port, reached over a real socket.
protocol LocalServer: Sendable {
    var port: Int { get }
}

/// A server's response.
struct LocalAnswer: Sendable {
    let status: Int
    let data: Data

    var text: String { String(decoding: data, as: UTF8.self) }
    var json: [String: Any]? { (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] }
    subscript(_ key: String) -> String? { json?[key] as? String }
}

extension LocalServer {
    /// - Parameter timeout: seconds without a byte.
    func call(
        _ method: String, _ path: String, body: Data? = nil, type: String = "application/json", as token: String? = nil,
        headers: [String: String] = [:], timeout: TimeInterval = 60
    ) async throws -> LocalAnswer {
        var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(port)\(path)")))
        request.httpMethod = method
        request.httpBody = body
        request.timeoutInterval = timeout
        if body != nil { request.setValue(type, forHTTPHeaderField: "Content-Type") }
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let (data, response) = try await URLSession.shared.data(for: request)
        return LocalAnswer(status: (response as? HTTPURLResponse)?.statusCode ?? 0, data: data)
    }

    func post(_ path: String, _ json: String, as token: String? = nil) async throws -> LocalAnswer {
        try await call("POST", path, body: Data(json.utf8), as: token)
    }

    func upload(_ data: Data, name: String, to id: String, as token: String) async throws -> LocalAnswer {
        let head =
            "--edge\r\nContent-Disposition: form-data; name=\"modality\"\r\n\r\nt1ce\r\n--edge\r\n"
            + "Content-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\n\r\n"
        return try await call(
            "POST", "/api/cases/\(id)/upload/", body: Data(head.utf8) + data + Data("\r\n--edge--\r\n".utf8),
            type: "multipart/form-data; boundary=edge", as: token)
    }
}
