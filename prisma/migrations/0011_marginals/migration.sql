-- AlterTable
ALTER TABLE "run" ADD COLUMN     "marginals" JSONB;

-- CreateTable
CREATE TABLE "run_marginals" (
    "run_id" UUID NOT NULL,
    "layer_id" INTEGER NOT NULL,
    "by_output" BYTEA NOT NULL,
    "by_input" BYTEA NOT NULL,

    CONSTRAINT "run_marginals_pkey" PRIMARY KEY ("run_id","layer_id")
);

-- AddForeignKey
ALTER TABLE "run_marginals" ADD CONSTRAINT "run_marginals_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run_marginals" ADD CONSTRAINT "run_marginals_layer_id_fkey" FOREIGN KEY ("layer_id") REFERENCES "layer"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
