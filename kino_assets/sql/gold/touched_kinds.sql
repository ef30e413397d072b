SELECT DISTINCT kind FROM touched_slice JOIN metric_kind USING (metric);
