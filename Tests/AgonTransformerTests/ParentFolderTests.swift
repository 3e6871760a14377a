import Testing

@testable import AgonTransformer

@Test(
    "a path's folder is what stands before its last component, however short or slashed the path is",
    arguments: [
        ("", ""), ("/", "/"), ("//", "/"), ("x", ""), ("xy", ""), ("x/", ""), ("/x", "/"), ("//x", "/"), ("x/y", "x"),
        ("x//y//", "x"), ("/x/y", "/x"), ("../x", ".."), ("./é/🦊", "./é"),
    ])
func parentFolder(path: String, folder: String) { #expect(path.parentFolder == folder) }
