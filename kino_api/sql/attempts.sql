-- The newest attempts, as many as a rule may count: of this account from this network, of this network, of everybody.
SELECT
    array(
        SELECT made_at FROM kino.attempt WHERE kind = :kind AND account = :account AND network = :network
        ORDER BY made_at DESC LIMIT :of_account) AS of_account,
    array(
        SELECT made_at FROM kino.attempt WHERE kind = :kind AND network = :network
        ORDER BY made_at DESC LIMIT :of_network) AS of_network,
    array(SELECT made_at FROM kino.attempt WHERE kind = :kind ORDER BY made_at DESC LIMIT :of_all) AS of_all,
    clock_timestamp() AS now
