-- CreateEnum
CREATE TYPE "job_shard_status" AS ENUM ('queued', 'running', 'succeeded');

-- AlterTable
ALTER TABLE "job" ADD COLUMN     "priority" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "shards" INTEGER NOT NULL DEFAULT 1,
ADD COLUMN     "timeout_seconds" INTEGER;

-- CreateTable
CREATE TABLE "job_shard" (
    "job_id" UUID NOT NULL,
    "shard" INTEGER NOT NULL,
    "status" "job_shard_status" NOT NULL DEFAULT 'queued',
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "worker_id" TEXT,
    "progress" JSONB,
    "facts" JSONB,

    CONSTRAINT "job_shard_pkey" PRIMARY KEY ("job_id","shard")
);

-- AddForeignKey
ALTER TABLE "job_shard" ADD CONSTRAINT "job_shard_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE CASCADE;
