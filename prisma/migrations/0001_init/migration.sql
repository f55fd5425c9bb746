-- CreateEnum
CREATE TYPE "job_status" AS ENUM ('queued', 'running', 'canceling', 'succeeded', 'failed', 'canceled');

-- CreateTable
CREATE TABLE "model" (
    "id" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "revision" TEXT NOT NULL,
    "model_type" TEXT,
    "parameters" BIGINT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "model_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "dataset" (
    "id" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "dataset_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "layer" (
    "id" SERIAL NOT NULL,
    "model_id" INTEGER NOT NULL,
    "parameter" TEXT NOT NULL,
    "layer" TEXT NOT NULL,
    "module" TEXT NOT NULL,
    "block" INTEGER,
    "shape" INTEGER[],
    "numel" BIGINT,

    CONSTRAINT "layer_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "run" (
    "id" UUID NOT NULL,
    "identity" TEXT NOT NULL,
    "imported" BOOLEAN NOT NULL,
    "source" TEXT,
    "method" TEXT NOT NULL,
    "method_version" TEXT NOT NULL,
    "definition" TEXT NOT NULL,
    "metrics" TEXT[],
    "model_id" INTEGER NOT NULL,
    "dataset_id" INTEGER,
    "model_provenance" JSONB NOT NULL,
    "dataset_provenance" JSONB,
    "params" JSONB NOT NULL,
    "loss" TEXT,
    "labels" TEXT,
    "mean_loss" DOUBLE PRECISION,
    "device" TEXT,
    "plan" TEXT,
    "arithmetic" TEXT,
    "engine" JSONB NOT NULL,
    "seconds" DOUBLE PRECISION,
    "peak_memory_bytes" BIGINT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "run_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "layer_score" (
    "run_id" UUID NOT NULL,
    "layer_id" INTEGER NOT NULL,
    "metric" TEXT NOT NULL,
    "value" DOUBLE PRECISION,
    "rank" INTEGER NOT NULL,
    "n" INTEGER,
    "m2" DOUBLE PRECISION,
    "standard_error" DOUBLE PRECISION,
    "per_example" DOUBLE PRECISION[],

    CONSTRAINT "layer_score_pkey" PRIMARY KEY ("run_id","metric","layer_id")
);

-- CreateTable
CREATE TABLE "job" (
    "id" UUID NOT NULL,
    "status" "job_status" NOT NULL DEFAULT 'queued',
    "spec" JSONB NOT NULL,
    "model" TEXT NOT NULL,
    "method" TEXT NOT NULL,
    "metadata" JSONB NOT NULL,
    "progress" JSONB,
    "run_id" UUID,
    "error" JSONB,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "worker_id" TEXT,
    "event_count" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "cancel_requested_at" TIMESTAMPTZ(3),

    CONSTRAINT "job_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "job_event" (
    "job_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "type" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "job_event_pkey" PRIMARY KEY ("job_id","seq")
);

-- CreateTable
CREATE TABLE "job_checkpoint" (
    "job_id" UUID NOT NULL,
    "batch_key" TEXT NOT NULL,
    "identity" TEXT NOT NULL,
    "positions" INTEGER[],
    "values" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "job_checkpoint_pkey" PRIMARY KEY ("job_id","batch_key")
);

-- CreateIndex
CREATE UNIQUE INDEX "model_name_revision_key" ON "model"("name", "revision");

-- CreateIndex
CREATE UNIQUE INDEX "dataset_name_key" ON "dataset"("name");

-- CreateIndex
CREATE UNIQUE INDEX "layer_model_id_parameter_key" ON "layer"("model_id", "parameter");

-- CreateIndex
CREATE INDEX "run_identity_created_at_id_idx" ON "run"("identity", "created_at", "id");

-- CreateIndex
CREATE INDEX "run_model_id_dataset_id_method_created_at_id_idx" ON "run"("model_id", "dataset_id", "method", "created_at", "id");

-- CreateIndex
CREATE INDEX "run_dataset_id_idx" ON "run"("dataset_id");

-- CreateIndex
CREATE INDEX "layer_score_layer_id_metric_idx" ON "layer_score"("layer_id", "metric");

-- CreateIndex
CREATE INDEX "job_created_at_id_idx" ON "job"("created_at", "id");

-- CreateIndex
CREATE INDEX "job_status_created_at_id_idx" ON "job"("status", "created_at", "id");

-- CreateIndex
CREATE INDEX "job_model_created_at_id_idx" ON "job"("model", "created_at", "id");

-- CreateIndex
CREATE INDEX "job_method_created_at_id_idx" ON "job"("method", "created_at", "id");

-- CreateIndex
CREATE INDEX "job_run_id_idx" ON "job"("run_id");

-- AddForeignKey
ALTER TABLE "layer" ADD CONSTRAINT "layer_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "model"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "model"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_dataset_id_fkey" FOREIGN KEY ("dataset_id") REFERENCES "dataset"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "layer_score" ADD CONSTRAINT "layer_score_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "layer_score" ADD CONSTRAINT "layer_score_layer_id_fkey" FOREIGN KEY ("layer_id") REFERENCES "layer"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "job" ADD CONSTRAINT "job_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "job_event" ADD CONSTRAINT "job_event_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "job_checkpoint" ADD CONSTRAINT "job_checkpoint_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- By hand: a score that is not a finite number is a bug upstream; NaN sorts above Infinity.
ALTER TABLE "layer_score" ADD CONSTRAINT "layer_score_finite" CHECK (
    "value" BETWEEN '-1.7976931348623157e308' AND '1.7976931348623157e308'
    AND "standard_error" BETWEEN 0 AND '1.7976931348623157e308'
    AND NOT "per_example" && ARRAY['NaN', 'Infinity', '-Infinity']::DOUBLE PRECISION[]
);

-- By hand: a succeeded job has its run, a failed one its reason.
ALTER TABLE "job" ADD CONSTRAINT "job_outcome" CHECK (
    ("status" <> 'succeeded' OR "run_id" IS NOT NULL)
    AND ("status" <> 'failed' OR "error" IS NOT NULL)
);
