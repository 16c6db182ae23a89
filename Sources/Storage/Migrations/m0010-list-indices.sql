-- Indices for the orders of the administration's lists: a page costs the same however many rows there are. Rules as in m0001.
CREATE INDEX ix_images_list ON images (institution_id, uploaded_at, id);
CREATE INDEX ix_sessions_list ON sessions (institution_id, created_at, id);
CREATE INDEX ix_refresh_tokens_list ON refresh_tokens (institution_id, issued_at, id);
CREATE INDEX ix_jobs_list ON jobs (institution_id, created_at, id);
CREATE INDEX ix_results_list ON results (institution_id, created_at, id);
CREATE INDEX ix_result_feedback_list ON result_feedback (institution_id, created_at, id);
CREATE INDEX ix_expert_masks_list ON expert_masks (institution_id, uploaded_at, id);
