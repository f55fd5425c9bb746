-- AlterTable
ALTER TABLE "run" ADD COLUMN     "estimated_memory_bytes" BIGINT,
ADD COLUMN     "plan_reason" TEXT;
