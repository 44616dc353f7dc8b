"""Where `tpp.bench.bare` puts its row."""

TABLE = """
    CREATE TABLE bench_ballot (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        voter text NOT NULL, nonce bigint NOT NULL, digest bytea NOT NULL UNIQUE, signature bytea NOT NULL
    );
    GRANT INSERT ON bench_ballot TO tpp_app;
"""
