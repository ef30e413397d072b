-- A full refresh fills {table} from nothing, in the same transaction.
DELETE FROM {table};
