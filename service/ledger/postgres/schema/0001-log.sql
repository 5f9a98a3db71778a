-- The verdict log. `entry` is the log itself, numbered from 0 without gaps; `tile` and `head` are its tree; `priv` holds
-- what can be erased. Only `ladders_append` writes entries.
CREATE SCHEMA ladders AUTHORIZATION ladders_owner;
CREATE SCHEMA ladders_keys AUTHORIZATION ladders_owner;
SET LOCAL ROLE ladders_owner;
SET LOCAL search_path = ladders, pg_temp;

CREATE TABLE meta (name text PRIMARY KEY, value text NOT NULL);
CREATE TABLE migration (version integer PRIMARY KEY, sql_sha256 bytea NOT NULL);

CREATE TABLE entry (
    seq bigint PRIMARY KEY,
    id text NOT NULL UNIQUE,
    kind text NOT NULL,
    committed_us bigint NOT NULL,
    decided_us bigint NOT NULL,
    track text,
    level text,
    outcome text,
    policy bytea,
    about bigint,
    leaf_hash bytea NOT NULL,
    leaf bytea NOT NULL
);
CREATE INDEX entry_decided ON entry (decided_us);
CREATE INDEX entry_policy ON entry (policy, seq);
CREATE INDEX entry_track ON entry (track, outcome, seq);
CREATE INDEX entry_kind ON entry (kind, seq) WHERE kind <> 'verdict';
CREATE INDEX entry_about ON entry (about, seq) WHERE about IS NOT NULL;

CREATE TABLE priv (
    seq bigint PRIMARY KEY,
    subj bytea,
    caller bytea,
    kid bigint,
    form text NOT NULL,
    body bytea NOT NULL
);
CREATE INDEX priv_subj ON priv (subj, seq) WHERE subj IS NOT NULL;
ALTER TABLE priv ALTER COLUMN body SET STORAGE EXTERNAL; -- encrypted, so compressing it costs time and gains nothing
ALTER TABLE priv SET (toast_tuple_target = 4080); -- two bodies of up to 4 kB stay on a page, longer ones go beside

CREATE TABLE tile (
    level smallint NOT NULL,
    idx bigint NOT NULL,
    root bytea NOT NULL,
    hashes bytea NOT NULL CHECK (length(hashes) = 8192),
    PRIMARY KEY (level, idx)
);
ALTER TABLE tile ALTER COLUMN hashes SET STORAGE EXTERNAL;

CREATE TABLE head (
    k smallint PRIMARY KEY CHECK (k = 1),
    size bigint NOT NULL,
    frontier bytea NOT NULL, -- the roots of the full subtrees that `size` is the sum of, the largest first
    last_us bigint NOT NULL,
    erasures bigint NOT NULL -- how often somebody was erased
);
INSERT INTO head VALUES (1, 0, '', 0, 0);

CREATE TABLE asked (key bytea PRIMARY KEY, seq bigint NOT NULL, body bytea NOT NULL);
CREATE INDEX asked_seq ON asked (seq);
CREATE TABLE content (digest bytea PRIMARY KEY, bytes bytea NOT NULL);
CREATE TABLE checkpoint (size bigint PRIMARY KEY, note bytea NOT NULL);
CREATE TABLE issued (
    version text NOT NULL,
    digest bytea NOT NULL,
    first_seq bigint NOT NULL,
    PRIMARY KEY (version, digest)
);

-- How far each subscriber was told of the log. The log is its own outbox, so this holds cursors alone.
CREATE TABLE cursor (
    subscriber text PRIMARY KEY,
    next bigint NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    due_us bigint NOT NULL DEFAULT 0,
    why text NOT NULL DEFAULT ''
);
CREATE TABLE dead (
    subscriber text NOT NULL,
    seq bigint NOT NULL,
    given_up_us bigint NOT NULL,
    why text NOT NULL,
    again boolean NOT NULL DEFAULT false,
    PRIMARY KEY (subscriber, seq)
);

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the rows of `%` in the verdict log are never changed or removed', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON entry EXECUTE FUNCTION refuse();
CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON tile EXECUTE FUNCTION refuse();
CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON content EXECUTE FUNCTION refuse();
CREATE TRIGGER never_removed BEFORE DELETE OR TRUNCATE ON checkpoint EXECUTE FUNCTION refuse();
CREATE TRIGGER never_removed BEFORE DELETE OR TRUNCATE ON head EXECUTE FUNCTION refuse();

-- Carry the tree on over entries that were just inserted: tiles that became full, and the new frontier.
-- `first` is the size of the tree before, `hashes` the leaf hashes after it.
CREATE FUNCTION grown(first bigint, frontier bytea, hashes bytea[]) RETURNS bytea
LANGUAGE plpgsql SET search_path = ladders, pg_temp AS $$
DECLARE
    roots bytea[] := ARRAY(
        SELECT substr(frontier, at, 32) FROM generate_series(1, length(frontier), 32) AS at ORDER BY at
    );
    top integer := length(frontier) / 32;
    size bigint := first;
    rest bigint;
    height integer;
    joined bytea;
    wide bytea;
BEGIN
    FOREACH joined IN ARRAY hashes LOOP
        rest := size;
        height := 0;
        WHILE rest & 1 = 1 LOOP -- there is a full subtree of this height to the left: the two become one
            joined := sha256('\x01'::bytea || roots[top] || joined);
            top := top - 1;
            rest := rest >> 1;
            height := height + 1;
            IF height & 7 = 0 THEN -- tile number `rest` became full
                IF height = 8 THEN
                    SELECT string_agg(e.leaf_hash, ''::bytea ORDER BY e.seq) INTO STRICT wide
                    FROM entry e WHERE e.seq BETWEEN rest << 8 AND (rest << 8) + 255;
                ELSE
                    SELECT string_agg(t.root, ''::bytea ORDER BY t.idx) INTO STRICT wide
                    FROM tile t WHERE t.level = height / 8 - 2 AND t.idx BETWEEN rest << 8 AND (rest << 8) + 255;
                END IF;
                INSERT INTO tile VALUES (height / 8 - 1, rest, joined, wide);
            END IF;
        END LOOP;
        top := top + 1;
        roots[top] := joined;
        size := size + 1;
    END LOOP;
    RETURN (SELECT coalesce(string_agg(root, ''::bytea ORDER BY nth), '')
            FROM unnest(roots[1:top]) WITH ORDINALITY AS kept (root, nth));
END
$$;

-- Append the records of some callers. A record is one place in all of the first arrays; records with one number in
-- `calls` are written together or not at all. `asked_of` says, for each of `asked_keys` and `asked_bodies`, to which record
-- it belongs, counted from 1. `removes` and `removed` are the person, and all of their entries, whom a call that comes
-- alone erases. Ids and asked keys are distinct.
-- Answers for each record, in order:
--   written  its place and time
--   held     the entry under its id or one of its asked keys, if there is one; nothing of its call was written
--   stale    nothing of its call was written: somebody was erased after it was sealed, or has more entries by now
-- Every column is taken from the leaf itself, so that none can contradict it.
CREATE FUNCTION ladders_append(
    calls integer[], leaves bytea[], subjects bytea[], callers bytea[], kids bigint[], forms text[], bodies bytea[],
    erasures bigint[], asked_of integer[], asked_keys bytea[], asked_bodies bytea[], contents bytea[],
    removes bytea, removed bigint[]
) RETURNS TABLE (answer text, seq bigint, committed_us bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = ladders, pg_temp
SET lock_timeout = '2s'
SET enable_seqscan = off -- plans are made while the tables are still empty
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    before head;
    now_us bigint;
    says jsonb[] := ARRAY(
        SELECT convert_from(leaf, 'UTF8')::jsonb FROM unnest(leaves) WITH ORDINALITY AS given (leaf, nth) ORDER BY nth
    );
    ids text[] := ARRAY(SELECT said ->> 'id' FROM unnest(says) WITH ORDINALITY AS given (said, nth) ORDER BY nth);
    held integer[] := '{}'; -- calls
    stale integer[] := '{}'; -- calls
    places bigint[]; -- of the records that are written
    hashes bytea[];
BEGIN
    IF current_setting('synchronous_commit') IN ('off', 'local') THEN
        RAISE EXCEPTION 'synchronous_commit is `%`; the verdict log needs `on`', current_setting('synchronous_commit')
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN -- else the head would be that before the lock
        RAISE EXCEPTION 'the verdict log is written in `read committed` transactions alone'
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    PERFORM set_config('idle_in_transaction_session_timeout', '2s', true); -- who stands still gives the lock back
    PERFORM pg_advisory_xact_lock(5499823421);
    SELECT * INTO STRICT before FROM head WHERE k = 1;
    now_us := extract(epoch FROM clock_timestamp()) * 1000000;
    IF now_us < before.last_us - 5000000 THEN
        RAISE EXCEPTION 'the clock of the database server lies behind the last entry of the verdict log; set it right'
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    now_us := greatest(now_us, before.last_us);
    IF EXISTS (SELECT FROM unnest(says) AS said WHERE said ->> 'log' IS DISTINCT FROM
               (SELECT value FROM meta WHERE name = 'log')) THEN
        RAISE EXCEPTION 'a record is meant for another verdict log' USING ERRCODE = 'check_violation';
    END IF;

    IF EXISTS (SELECT FROM meta WHERE name = 'copying') THEN
        RAISE EXCEPTION 'the verdict log is being copied to this database'
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    IF EXISTS (SELECT FROM entry e WHERE e.id = ANY (ids))
        OR EXISTS (SELECT FROM asked a WHERE a.key = ANY (asked_keys)) THEN
        held := ARRAY(
            SELECT call FROM unnest(calls, ids) AS given (call, id) JOIN entry e USING (id)
            UNION
            SELECT calls[nth] FROM unnest(asked_of, asked_keys) AS given (nth, key) JOIN asked a USING (key)
        );
    END IF;
    IF before.erasures <> ANY (erasures) THEN
        stale := ARRAY(SELECT call FROM unnest(calls, erasures) AS given (call, known) WHERE known <> before.erasures);
    END IF;
    IF NOT removed <@ ARRAY(
        SELECT jsonb_array_elements_text(said -> 'detail' -> 'entries')::bigint FROM unnest(says) AS said
        WHERE said ->> 'kind' = 'erasure'
    ) THEN
        RAISE EXCEPTION 'only what the record of an erasure names is removed' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM priv p WHERE p.subj = removes AND p.seq <> ALL (removed)) THEN
        stale := calls;
    END IF;

    places := ARRAY(
        SELECT CASE WHEN new THEN before.size - 1 + count(*) FILTER (WHERE new) OVER (ORDER BY nth) END
        FROM (SELECT call <> ALL (held) AND call <> ALL (stale) AS new, nth
              FROM unnest(calls) WITH ORDINALITY AS given (call, nth)) AS each ORDER BY nth
    );
    hashes := ARRAY(
        SELECT sha256('\x00'::bytea || leaf) FROM unnest(places, leaves) AS given (place, leaf)
        WHERE place IS NOT NULL ORDER BY place
    );
    IF cardinality(hashes) = 0 THEN -- yet a commit that waits for disk and standbys, and with it for what is held
        UPDATE meta SET value = now_us::text WHERE name = 'probed';
    ELSE
        INSERT INTO entry
        SELECT place, said ->> 'id', said ->> 'kind', now_us,
            extract(epoch FROM (said ->> 'decided_at')::timestamptz) * 1000000,
            said ->> 'track', said ->> 'level', said ->> 'outcome',
            decode(substr(said -> 'policy' ->> 'set', 8), 'hex'), (said -> 'about' ->> 'index')::bigint,
            hashes[place - before.size + 1], leaf
        FROM unnest(places, says, leaves) AS given (place, said, leaf) WHERE place IS NOT NULL;
        INSERT INTO priv
        SELECT place, subj, caller, kid, form, body
        FROM unnest(places, subjects, callers, kids, forms, bodies) AS given (place, subj, caller, kid, form, body)
        WHERE place IS NOT NULL AND form IS NOT NULL;
        INSERT INTO asked
        SELECT key, places[nth], body FROM unnest(asked_of, asked_keys, asked_bodies) AS given (nth, key, body)
        WHERE places[nth] IS NOT NULL;
        INSERT INTO content SELECT sha256(bytes), bytes FROM unnest(contents) AS bytes ON CONFLICT DO NOTHING;
        INSERT INTO issued
        SELECT said -> 'policy' ->> 'version', decode(substr(said -> 'policy' ->> 'digest', 8), 'hex'), min(place)
        FROM unnest(places, says) AS given (place, said)
        WHERE place IS NOT NULL AND said -> 'policy' ->> 'version' IS NOT NULL
            AND said -> 'policy' ->> 'digest' IS NOT NULL
        GROUP BY 1, 2 ON CONFLICT DO NOTHING;
        IF removes IS NOT NULL THEN
            DELETE FROM priv p WHERE p.seq = ANY (removed);
            DELETE FROM asked a WHERE a.seq = ANY (removed);
        END IF;
        UPDATE head SET size = before.size + cardinality(hashes), last_us = now_us,
            frontier = grown(before.size, before.frontier, hashes),
            erasures = before.erasures + (removes IS NOT NULL)::integer
        WHERE k = 1;
    END IF;

    IF cardinality(held) + cardinality(stale) = 0 THEN
        RETURN QUERY
        SELECT 'written', place, now_us FROM unnest(places) WITH ORDINALITY AS given (place, nth) ORDER BY nth;
    ELSE
        RETURN QUERY
        SELECT CASE WHEN place IS NOT NULL THEN 'written' WHEN call = ANY (held) THEN 'held' ELSE 'stale' END,
            coalesce(
                place,
                (SELECT e.seq FROM entry e WHERE e.id = given.id),
                (SELECT min(a.seq) FROM asked a JOIN unnest(asked_of, asked_keys) AS under (record, key)
                 ON under.record = given.nth AND a.key = under.key)
            ),
            now_us
        FROM unnest(calls, places, ids) WITH ORDINALITY AS given (call, place, id, nth) ORDER BY nth;
    END IF;
END
$$;

-- Remove what is private in some entries, all of which an erasure in the log names.
CREATE FUNCTION ladders_remove(indexes bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ladders, pg_temp AS $$
BEGIN
    IF NOT indexes <@ ARRAY(
        SELECT jsonb_array_elements_text(convert_from(e.leaf, 'UTF8')::jsonb -> 'detail' -> 'entries')::bigint
        FROM entry e WHERE e.kind = 'erasure'
    ) THEN
        RAISE EXCEPTION 'the verdict log does not say that all of these were erased' USING ERRCODE = 'check_violation';
    END IF;
    DELETE FROM priv p WHERE p.seq = ANY (indexes);
    DELETE FROM asked a WHERE a.seq = ANY (indexes);
END
$$;

-- Keep the signed note of the tree of a size, in place of one that is there and has fewer signatures.
CREATE FUNCTION ladders_checkpoint(size bigint, note bytea) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = ladders, pg_temp AS $$
    INSERT INTO checkpoint VALUES ($1, $2) ON CONFLICT (size) DO UPDATE SET note = excluded.note;
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ladders FROM PUBLIC;
GRANT USAGE ON SCHEMA ladders TO ladders_app, ladders_auditor;
GRANT EXECUTE ON FUNCTION ladders_append, ladders_remove, ladders_checkpoint TO ladders_app;
GRANT SELECT ON ALL TABLES IN SCHEMA ladders TO ladders_app;
GRANT SELECT ON meta, migration, entry, tile, head, content, checkpoint, issued TO ladders_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON cursor, dead TO ladders_app;

-- The keys of people, each wrapped by a key that lies outside of the database. They are kept apart from the log, so that
-- backups can leave them out: `pg_dump --exclude-schema ladders_keys`.
SET LOCAL search_path = ladders_keys, pg_temp;

CREATE SEQUENCE kid;
CREATE TABLE subject_key (
    kid bigint PRIMARY KEY,
    wrapped bytea NOT NULL CHECK (length(wrapped) = 64) -- epoch, nonce, key and tag
);
CREATE TABLE epoch (k smallint PRIMARY KEY CHECK (k = 1), epoch bigint NOT NULL); -- of the wrapping key in use
INSERT INTO epoch VALUES (1, 1);

GRANT USAGE ON SCHEMA ladders_keys TO ladders_keys;
GRANT USAGE ON SEQUENCE kid TO ladders_keys;
GRANT SELECT, INSERT, UPDATE, DELETE ON subject_key TO ladders_keys;
GRANT SELECT, UPDATE ON epoch TO ladders_keys;
