-- AlterTable
ALTER TABLE "run" ADD COLUMN     "derived_from" JSONB,
ADD COLUMN     "example_losses" JSONB,
ADD COLUMN     "stability" JSONB,
ADD COLUMN     "stopping" JSONB;

-- AlterTable
ALTER TABLE "layer_score" ADD COLUMN     "top_k_probability" DOUBLE PRECISION;
