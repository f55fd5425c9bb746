-- AlterTable
ALTER TABLE "job" ADD COLUMN     "trace_parent" TEXT;
