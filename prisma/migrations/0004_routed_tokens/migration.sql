-- AlterTable
ALTER TABLE "layer_score" ADD COLUMN     "per_example_routed_tokens" INTEGER[] DEFAULT ARRAY[]::INTEGER[],
ADD COLUMN     "routed_examples" INTEGER,
ADD COLUMN     "routed_tokens" BIGINT;
