import Foundation

/// The kernel's figures for this process (Linux `/proc`); `nil` if unavailable.
struct ProcessFigures {
    let residentBytes: Double
    let virtualBytes: Double
    let cpuSeconds: Double
    let openFiles: Double

    init?() {
        guard let pages = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " "),
            pages.count > 1, let all = Double(pages[0]), let resident = Double(pages[1])
        else { return nil }
        let page = Double(sysconf(Int32(_SC_PAGESIZE)))
        residentBytes = resident * page
        virtualBytes = all * page
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        cpuSeconds = Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        openFiles = Double((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0)
    }
}
