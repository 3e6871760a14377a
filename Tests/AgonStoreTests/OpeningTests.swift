import AgonCore
import Foundation
import GRDB
import Testing

@testable import AgonStore

@Suite struct OpeningTests {
    let arena = SmallArena()
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func acknowledgedMeansSyncedAndForeignKeysHold() throws {
        let store = try arena.store(in: folder)
        #expect(try store.writerPragma("synchronous") == "2")
        #expect(try store.writerPragma("journal_mode") == "wal")
        #expect(try store.writerPragma("foreign_keys") == "1")
        let again = try ArenaStore(path: store.url.path)
        #expect(try again.writerPragma("synchronous") == "2")
    }

    @Test func openingMakesParentFolders() throws {
        let path = folder.path("a/b/c.db")
        #expect(try ArenaStore(path: path).runs().isEmpty)
        #expect(FileManager.default.fileExists(atPath: path))
    }

    @Test func whatIsNoDatabaseIsRefusedInOneSentenceAndLeftAsItIs() throws {
        let path = folder.path("notes.txt")
        let text = Data(String(repeating: "not a database\n", count: 200).utf8)
        try text.write(to: URL(fileURLWithPath: path))
        let error = storeError { _ = try ArenaStore(path: path) }
        #expect(error?.code == .damaged)
        #expect(error?.message == "cannot open \(path): file is not a database.")
        #expect(storeError { _ = try ArenaStore.readOnly(path: path) }?.code == .damaged)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == text)
    }

    @Test func directoriesMissingFilesAndImpossibleFoldersAreRefused() throws {
        let directory = storeError { _ = try ArenaStore(path: folder.url.path) }
        #expect(directory?.message == "\(folder.url.path) is a folder, not a database file: name a file, such as \(folder.path("arena.sqlite")).")
        #expect(storeError { _ = try ArenaStore.readOnly(path: folder.path("none.db")) }?.code == .cannotOpen)
        #expect(!FileManager.default.fileExists(atPath: folder.path("none.db")))
        try Data().write(to: folder.url.appendingPathComponent("file"))
        #expect(storeError { _ = try ArenaStore(path: folder.path("file/x.db")) }?.code == .cannotOpen)
    }

    @Test func aDatabaseOfAnotherProgramIsRefusedAndLeftAsItIs() throws {
        let path = folder.path("other.db")
        try DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE songs (title TEXT)") }
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(storeError { _ = try ArenaStore(path: path) }?.code == .foreignDatabase)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }

    @Test(arguments: ["PRAGMA user_version = 99", "INSERT INTO grdb_migrations VALUES ('3 something new')"])
    func aNewerSchemaIsRefused(change: String) throws {
        let path = folder.path("sums.db")
        _ = try arena.store(in: folder)
        try DatabaseQueue(path: path).write { try $0.execute(sql: change) }
        #expect(storeError { _ = try ArenaStore(path: path) }?.code == .newerSchema)
        #expect(storeError { _ = try ArenaStore.readOnly(path: path) }?.code == .newerSchema)
    }

    @Test func anOlderDatabaseIsBroughtUpToDateByARunAndReadByNobodyBefore() throws {
        let path = folder.path("old.db")
        let queue = try DatabaseQueue(path: path)
        try Schema.migrator.migrate(queue, upTo: "1 runs, rooms and rounds")
        try queue.write { db in
            try db.execute(
                sql: """
                    INSERT INTO runs (name, arena, seed, configuration, kernels) VALUES ('r', 'a', 1, '', 'portable');
                    INSERT INTO versions (run_id, name, version, round, hash, path, is_judge) VALUES (1, 'x', 0, 0, '', '', 0), (1, 'y', 0, 0, '', '', 0);
                    INSERT INTO rooms (run_id, round, room, room_group, prompt_id, prompt, is_canary, judge, judge_version, is_scored)
                        VALUES (1, 1, 0, 0, 'p', '', 0, 'j', 0, 0), (1, 2, 0, 0, 'p', '', 0, 'j', 0, 0), (1, 2, 1, 1, 'q', '', 0, 'j', 0, 0);
                    INSERT INTO rounds VALUES (1, 1, '', 0, 0, 0, 0, 0, 0, 0, ''), (1, 2, '', 0, 0, 0, 0, 0, 0, 0, '');
                    INSERT INTO matches SELECT id, 0, round * 1000000 + room_group, 1, 2, 1, 1 FROM rooms;
                    INSERT INTO judge_health VALUES (1, 1, 'j', 0, 4, 0.5, 0, 1, 0, 0, 0.5, NULL, 1, NULL);
                    """)
        }
        try queue.close()
        #expect(storeError { _ = try ArenaStore.readOnly(path: path) }?.code == .olderSchema)
        let store = try ArenaStore(path: path)
        let (p, q) = (Prompt(id: "p", text: "").cluster, Prompt(id: "q", text: "").cluster)
        #expect(try store.matches(run: "r").map(\.cluster) == [p, p, q])
        #expect(try store.judgeHealth(run: "r")[0].windowAccuracy.isNaN)
        #expect(try ArenaStore.readOnly(path: path).matches(run: "r").count == 3)
    }

    @Test func anEmptyFileBecomesADatabaseForARunOnly() throws {
        let path = folder.path("empty.db")
        try Data().write(to: URL(fileURLWithPath: path))
        #expect(storeError { _ = try ArenaStore.readOnly(path: path) }?.code == .olderSchema)
        #expect(try ArenaStore(path: path).runs().isEmpty)
    }

    @Test func aWriteThatWasCutOffIsRolledBackByTheNextRun() throws {
        _ = try arena.store(in: folder)
        let cut = folder.path("cut.db")
        let queue = try DatabaseQueue(path: folder.path("sums.db"))
        try queue.writeWithoutTransaction { db in
            // A cache of one page spills half of the transaction into the file; the copy is what a kill leaves.
            try db.execute(sql: "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; BEGIN")
            try db.execute(sql: "UPDATE runs SET configuration = hex(zeroblob(100000))")
            for name in ["", "-journal"] {
                try FileManager.default.copyItem(atPath: folder.path("sums.db\(name)"), toPath: cut + name)
            }
            try db.execute(sql: "ROLLBACK")
        }
        let error = storeError { _ = try ArenaStore.readOnly(path: cut) }
        #expect(error?.message == "\(cut) was left in the middle of a write; a run on it puts it in order.")
        #expect(try ArenaStore(path: cut).runs() == [arena.run])
        #expect(try ArenaStore.readOnly(path: cut).runs() == [arena.run])
    }

    @Test func aReadOnlyStoreDoesNotWrite() throws {
        let store = try arena.store(in: folder)
        let reader = try ArenaStore.readOnly(path: store.url.path)
        let error = storeError { try reader.save(rooms: arena.rooms(round: 1), run: arena.run.id) }
        #expect(error?.code == .readOnly)
        #expect(try reader.runs() == [arena.run])
    }

    @Test(.enabled(if: geteuid() != 0, "the superuser may write everything"))
    func aFileWithoutPermissionToWriteIsRefused() throws {
        let path = folder.path("sums.db")
        _ = try arena.store(in: folder)
        try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: path)
        #expect(storeError { _ = try ArenaStore(path: path) }?.code == .readOnly)
    }

    @Test func aSecondRunIsRefusedWithTheNameOfTheFirst() throws {
        let store = try arena.store(in: folder)
        let lock = try store.lockForRun(description: "agon run arenas/sums.yaml")
        let other = try ArenaStore(path: store.url.path)
        let error = storeError { _ = try other.lockForRun(description: "another") }
        #expect(error?.code == .locked)
        let process = ProcessInfo.processInfo.processIdentifier
        let holder = "\(store.url.path) is in use by process \(process): agon run arenas/sums.yaml, since "
        #expect(error?.message.hasPrefix(holder) == true)
        lock.release()
        let second = try other.lockForRun(description: "another")
        lock.release()
        #expect(storeError { _ = try store.lockForRun(description: "third") }?.message.contains("another") == true)
        withExtendedLifetime(second) {}
    }

    @Test func aLockEndsWithItsHolderAndCountsThroughLinks() throws {
        let store = try arena.store(in: folder)
        let link = folder.path("link.db")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: store.url.path)
        var lock: RunLock? = try store.lockForRun(description: "one")
        #expect(lock?.url.lastPathComponent == "sums.db.lock")
        let linked = try ArenaStore(path: link)
        #expect(storeError { _ = try linked.lockForRun(description: "two") }?.code == .locked)
        lock = nil
        _ = try linked.lockForRun(description: "two")
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/flock")))
    func theLockHoldsAgainstOtherProcesses() throws {
        let store = try arena.store(in: folder)
        let lock = try store.lockForRun(description: "one")
        #expect(try exitCodeOfForeignLock(lock.url.path) == 1)
        lock.release()
        #expect(try exitCodeOfForeignLock(lock.url.path) == 0)
    }

    private func exitCodeOfForeignLock(_ path: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
        process.arguments = ["-n", path, "true"]
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
