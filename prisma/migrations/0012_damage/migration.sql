-- AlterTable
ALTER TABLE "run" ADD COLUMN     "priced_run" JSONB;

-- CreateTable
CREATE TABLE "run_damage" (
    "run_id" UUID NOT NULL,
    "layer_id" INTEGER NOT NULL,
    "format" TEXT NOT NULL,
    "bits_per_weight" DOUBLE PRECISION NOT NULL,
    "squared_error" DOUBLE PRECISION NOT NULL,
    "scalar_kl" DOUBLE PRECISION NOT NULL,
    "scalar_error" DOUBLE PRECISION,
    "products" BYTEA,

    CONSTRAINT "run_damage_pkey" PRIMARY KEY ("run_id","format","layer_id")
);

-- AddForeignKey
ALTER TABLE "run_damage" ADD CONSTRAINT "run_damage_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run_damage" ADD CONSTRAINT "run_damage_layer_id_fkey" FOREIGN KEY ("layer_id") REFERENCES "layer"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
