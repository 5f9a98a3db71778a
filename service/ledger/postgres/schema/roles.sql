-- Four roles without a login, for the users of the operator to be members of. They belong to the whole server, so
-- several logs share them; running this again changes nothing.
--   ladders_owner    owns tables and functions; nobody works as it but `ladders log init`, `migrate` and `copy`
--   ladders_app      the service: calls the functions that write, reads everything but keys
--   ladders_auditor  reads entries, tiles, checkpoints and policies; neither private parts nor keys
--   ladders_keys     reads and changes the keys of people, and nothing else
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['ladders_owner', 'ladders_app', 'ladders_auditor', 'ladders_keys'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
            EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', wanted);
        END IF;
    END LOOP;
    IF NOT pg_catalog.pg_has_role(CURRENT_USER, 'ladders_owner', 'USAGE') THEN
        GRANT ladders_owner TO CURRENT_USER;
    END IF;
END
$$;
