-- AlterTable
ALTER TABLE "job" ADD COLUMN     "checkpoint_layout" JSONB;
