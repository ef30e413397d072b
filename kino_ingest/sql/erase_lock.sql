-- Nothing is folded: whoever folds holds one of the first three until its commit. Then nothing lands.
SET LOCAL lock_timeout = '10s';
LOCK TABLE landing.fold_window, landing.refold, landing.dead_letter IN EXCLUSIVE MODE;
SET LOCAL lock_timeout = '1s';
LOCK TABLE landing.event IN SHARE MODE;
SET LOCAL lock_timeout = 0;
