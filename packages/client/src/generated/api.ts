// Written by tools/build/generate-docs.ts from docs/reference/openapi.json.

export interface paths {
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process answers */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Database, migrations and queue are in order */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Numbers for Prometheus */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Jobs, newest first */
        get: operations["listJobs"];
        put?: never;
        /** Ask for the scores of a model */
        post: operations["createJob"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One job with its progress, or its error */
        get: operations["getJob"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancel a job: at once when it is queued, within two seconds when it runs */
        post: operations["cancelJob"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Queue a job again that failed or was canceled */
        post: operations["retryJob"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What has happened to a job, as a list or as it happens */
        get: operations["getJobEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/scores": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The scores of a job, those so far while it runs, as JSON, CSV or NDJSON */
        get: operations["getJobScores"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/webhook-deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was sent to a job's webhook_url, and what came of it */
        get: operations["listWebhookDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/scores": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Scores of the newest run of each model, revision, dataset and method */
        get: operations["listScores"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/damage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What numeric formats are predicted to do to the loss, in nats per token */
        get: operations["listDamage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Runs, newest first, without what grows with their examples */
        get: operations["listRuns"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Store a map of scores that was computed elsewhere */
        post: operations["importRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/merge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Join Fisher runs over disjoint examples into the run over all of them */
        post: operations["mergeRuns"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The provenance of a run */
        get: operations["getRun"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{id}/marginals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Sums of squared gradients by output and by input of every matrix and group of examples, as a safetensors file */
        get: operations["getRunMarginals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Model revisions that have runs, the most recently scored first */
        get: operations["listModels"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/datasets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Datasets that have runs, the most recently used first */
        get: operations["listDatasets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/methods": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How scores can be computed, with the JSON Schema of the parameters */
        get: operations["listMethods"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @enum {string} */
        DeviceInput: "auto" | "cpu" | "cuda" | "webgpu";
        DatasetSpecInput: {
            /** @description gsm8k, wikitext, math, sst2, imdb, ag_news, or the path of a .jsonl, .txt or .parquet file */
            name: string;
            /** @description the named set's split; its default when absent */
            split?: string;
            /**
             * @description gsm8k and math: the question alone, or both through the chat template
             * @enum {string}
             */
            format?: "question" | "question-answer";
            revision?: string;
        };
        UntilInput: {
            /** @default {} */
            top_k_stable?: {
                /** @default 10 */
                k?: number;
                /**
                 * @description share of the bootstrap resamples that each of the k layers must be in
                 * @default 0.95
                 */
                probability?: number;
                /** @default 16 */
                min_examples?: number;
            };
        };
        FisherParamsInput: {
            /**
             * @description how many are drawn; with `until`, how many at most
             * @default 64
             */
            examples?: number;
            /** @description leave out so many of the first drawn: disjoint runs can be merged */
            skip_examples?: number;
            /** @default 2048 */
            max_length?: number;
            /** @default 42 */
            seed?: number;
            batch_size?: number;
            /**
             * @description quantisation: what a number format does to the loss can be told from the run. The loss is summed, labels are drawn from the model, and sums of squared gradients by output and by input of every matrix are kept; ranking when absent
             * @enum {string}
             */
            purpose?: "ranking" | "quantisation";
            /**
             * @description by default the model decides: token-mean, masked-token-mean of a masked language model, class of a sequence classifier; with `purpose: "quantisation"` the sums in place of the means
             * @enum {string}
             */
            loss?: "token-mean" | "sequence-sum" | "masked-token-mean" | "masked-token-sum" | "class";
            /** @description masked language models: share of the tokens that are masked; 0.15 when absent */
            mask_probability?: number;
            /**
             * @description data when absent, and model with `purpose: "quantisation"`, which has no other
             * @enum {string}
             */
            labels?: "data" | "model";
            /** @description label draws per example with `labels: "model"`; 1 when absent */
            draws?: number;
            until?: components["schemas"]["UntilInput"];
            /**
             * @description how the computation is laid out in memory; auto chooses, and no plan changes a number
             * @enum {string}
             */
            plan?: "auto" | "whole" | "checkpointed" | "streamed";
            /** @description what the computation may take in memory; four fifths of what is available when absent */
            memory_limit_bytes?: number;
        };
        FormatErrorParamsInput: {
            /** @description numeric formats by name, such as int4_g32, int8_channel or nvfp4; the first one ranks */
            formats: string[];
            /** @description names of parameters, with * and ? as wildcards; every matrix when absent */
            parameters?: string[];
        };
        MagnitudeParamsInput: Record<string, never>;
        AssignmentInput: {
            /** @description assignment_1, assignment_2, … when absent */
            name?: string;
            /** @description formats by the names of parameters, with * and ? as wildcards; a name without wildcards goes before those with them */
            weights: {
                [key: string]: string;
            };
        };
        PairsInput: {
            /** @description numeric formats by name, such as int4_g32, int8_channel or nvfp4; the first one ranks */
            formats: string[];
            /** @description names of parameters, with * and ? as wildcards; every matrix when absent */
            matrices?: string[];
            /** @description how many of the pairs are measured: one out of each of so many equal parts of them, in the order of `predicted` or of the layers */
            sample?: number;
            /**
             * @description of the sample
             * @default 42
             */
            seed?: number;
            /** @description by parameter and format, what the pairs are ordered by before they are sampled */
            predicted?: {
                [key: string]: {
                    [key: string]: number;
                };
            };
        };
        MeasureParamsInput: {
            /** @description which weights get which formats, all at once; each is measured as a whole */
            assignments?: components["schemas"]["AssignmentInput"][];
            /** @description one matrix in one format at a time, all others as they are */
            pairs?: components["schemas"]["PairsInput"];
            /**
             * @description how many are drawn
             * @default 64
             */
            examples?: number;
            /** @description leave out so many of the first drawn */
            skip_examples?: number;
            /** @default 2048 */
            max_length?: number;
            /** @default 42 */
            seed?: number;
            batch_size?: number;
            /** @description masked language models: share of the tokens that are masked; 0.15 when absent */
            mask_probability?: number;
            /** @description what the computation may take in memory; four fifths of what is available when absent */
            memory_limit_bytes?: number;
            /** @description the run whose examples those here are compared with */
            calibration_run?: string;
            /**
             * @description with calibration_run, whether examples that it shares are refused or, as when this is absent, counted in the record
             * @enum {string}
             */
            held_out?: "recorded" | "required";
            /**
             * @description whole: all weights are mapped; streamed: those of one block at a time
             * @enum {string}
             */
            plan?: "auto" | "whole" | "streamed";
        };
        PriceParamsInput: {
            /** @description id of a stored Fisher run of the same weights, with `purpose: "quantisation"` for its marginals */
            run: string;
            /** @description numeric formats by name, such as int4_g32, int8_channel or nvfp4; the first one ranks */
            formats: string[];
            /** @description names of parameters, with * and ? as wildcards; every matrix when absent */
            parameters?: string[];
        };
        /** @enum {string} */
        MethodInput: "fisher" | "magnitude" | "format_error" | "measure" | "price";
        /** @enum {string} */
        JobStatusInput: "queued" | "running" | "canceling" | "succeeded" | "failed" | "canceled";
        /**
         * @example {
         *       "model": "Qwen/Qwen2.5-Math-1.5B-Instruct",
         *       "dataset": "gsm8k",
         *       "method": "fisher",
         *       "examples": 64,
         *       "source": "TaskQuant",
         *       "scores": {
         *         "model.layers.0.self_attn.q_proj.weight": 0.0213
         *       }
         *     }
         */
        ImportRunRequestInput: {
            model: string;
            /** @default unknown */
            revision?: string;
            dataset?: string;
            method: components["schemas"]["MethodInput"];
            /** @description the method's ranking metric when absent */
            metric?: string;
            examples?: number;
            /** @default {} */
            params?: {
                [key: string]: unknown;
            };
            /** @description where the numbers come from */
            source: string;
            scores: {
                [key: string]: number;
            };
        };
        /**
         * @example {
         *       "runs": [
         *         "run_01935b7c-0000-7000-8000-000000000000",
         *         "run_01935b7c-0000-7000-8000-000000000001"
         *       ]
         *     }
         */
        MergeRunsRequestInput: {
            /** @description ids of Fisher runs over disjoint examples */
            runs: string[];
        };
        /**
         * @example {
         *       "model": "Qwen/Qwen2.5-Math-1.5B-Instruct",
         *       "method": "fisher",
         *       "dataset": "gsm8k",
         *       "params": {
         *         "examples": 64,
         *         "max_length": 512
         *       },
         *       "metadata": {
         *         "ticket": "Q-17"
         *       }
         *     }
         * @example {
         *       "model": "Qwen/Qwen2.5-0.5B",
         *       "method": "magnitude"
         *     }
         */
        CreateJobRequestInput: {
            /** @description a Hub repository, or a folder under an allowed root */
            model: string;
            /** @description branch, tag or commit; main by default */
            revision?: string;
            /** @default auto */
            device?: components["schemas"]["DeviceInput"];
            /** @constant */
            method: "fisher";
            dataset: string | components["schemas"]["DatasetSpecInput"];
            /** @default {} */
            params?: components["schemas"]["FisherParamsInput"];
            /** @default {} */
            metadata?: {
                [key: string]: string;
            };
            /**
             * @description compute even where a stored run has the same numbers
             * @default false
             */
            force?: boolean;
            /**
             * Format: uri
             * @description is told when the job has ended
             */
            webhook_url?: string;
            /**
             * @description jobs of a higher priority are taken from the queue first
             * @default 0
             */
            priority?: number;
            /** @description the longest that one attempt may take; the worker has a limit of its own */
            timeout_seconds?: number;
            /**
             * @description over how many workers at most the examples are divided; not with `until`
             * @default 1
             */
            shards?: number;
        } | {
            /** @description a Hub repository, or a folder under an allowed root */
            model: string;
            /** @description branch, tag or commit; main by default */
            revision?: string;
            /** @default auto */
            device?: components["schemas"]["DeviceInput"];
            /** @constant */
            method: "magnitude";
            /** @default {} */
            params?: components["schemas"]["MagnitudeParamsInput"];
            /** @default {} */
            metadata?: {
                [key: string]: string;
            };
            /**
             * @description compute even where a stored run has the same numbers
             * @default false
             */
            force?: boolean;
            /**
             * Format: uri
             * @description is told when the job has ended
             */
            webhook_url?: string;
            /**
             * @description jobs of a higher priority are taken from the queue first
             * @default 0
             */
            priority?: number;
            /** @description the longest that one attempt may take; the worker has a limit of its own */
            timeout_seconds?: number;
        } | {
            /** @description a Hub repository, or a folder under an allowed root */
            model: string;
            /** @description branch, tag or commit; main by default */
            revision?: string;
            /** @default auto */
            device?: components["schemas"]["DeviceInput"];
            /** @constant */
            method: "format_error";
            params: components["schemas"]["FormatErrorParamsInput"];
            /** @default {} */
            metadata?: {
                [key: string]: string;
            };
            /**
             * @description compute even where a stored run has the same numbers
             * @default false
             */
            force?: boolean;
            /**
             * Format: uri
             * @description is told when the job has ended
             */
            webhook_url?: string;
            /**
             * @description jobs of a higher priority are taken from the queue first
             * @default 0
             */
            priority?: number;
            /** @description the longest that one attempt may take; the worker has a limit of its own */
            timeout_seconds?: number;
        } | {
            /** @description a Hub repository, or a folder under an allowed root */
            model: string;
            /** @description branch, tag or commit; main by default */
            revision?: string;
            /** @default auto */
            device?: components["schemas"]["DeviceInput"];
            /** @constant */
            method: "measure";
            dataset: string | components["schemas"]["DatasetSpecInput"];
            params: components["schemas"]["MeasureParamsInput"];
            /** @default {} */
            metadata?: {
                [key: string]: string;
            };
            /**
             * @description compute even where a stored run has the same numbers
             * @default false
             */
            force?: boolean;
            /**
             * Format: uri
             * @description is told when the job has ended
             */
            webhook_url?: string;
            /**
             * @description jobs of a higher priority are taken from the queue first
             * @default 0
             */
            priority?: number;
            /** @description the longest that one attempt may take; the worker has a limit of its own */
            timeout_seconds?: number;
            /**
             * @description over how many workers at most the examples are divided; not with `until`
             * @default 1
             */
            shards?: number;
        } | {
            /** @description a Hub repository, or a folder under an allowed root */
            model: string;
            /** @description branch, tag or commit; main by default */
            revision?: string;
            /** @default auto */
            device?: components["schemas"]["DeviceInput"];
            /** @constant */
            method: "price";
            params: components["schemas"]["PriceParamsInput"];
            /** @default {} */
            metadata?: {
                [key: string]: string;
            };
            /**
             * @description compute even where a stored run has the same numbers
             * @default false
             */
            force?: boolean;
            /**
             * Format: uri
             * @description is told when the job has ended
             */
            webhook_url?: string;
            /**
             * @description jobs of a higher priority are taken from the queue first
             * @default 0
             */
            priority?: number;
            /** @description the longest that one attempt may take; the worker has a limit of its own */
            timeout_seconds?: number;
        };
        /** @enum {string} */
        Device: "auto" | "cpu" | "cuda" | "webgpu";
        DatasetSpec: {
            /** @description gsm8k, wikitext, math, sst2, imdb, ag_news, or the path of a .jsonl, .txt or .parquet file */
            name: string;
            /** @description the named set's split; its default when absent */
            split?: string;
            /**
             * @description gsm8k and math: the question alone, or both through the chat template
             * @enum {string}
             */
            format?: "question" | "question-answer";
            revision?: string;
        };
        /** @enum {string} */
        Method: "fisher" | "magnitude" | "format_error" | "measure" | "price";
        /**
         * @example {
         *       "type": "urn:layersense:error:invalid_request",
         *       "title": "The request is not valid",
         *       "status": 422,
         *       "detail": "/params/examples: Too small: expected number to be >=1",
         *       "code": "invalid_request",
         *       "retryable": false,
         *       "errors": [
         *         {
         *           "pointer": "/params/examples",
         *           "detail": "Too small: expected number to be >=1"
         *         }
         *       ]
         *     }
         */
        Problem: {
            type: string;
            title: string;
            status: number;
            detail: string;
            /** @enum {string} */
            code: "invalid_request" | "invalid_json" | "body_too_large" | "unsupported_media_type" | "request_timeout" | "headers_too_large" | "unauthenticated" | "forbidden" | "origin_not_allowed" | "webhooks_disabled" | "webhook_url_not_allowed" | "rate_limited" | "exposure_refused" | "not_acceptable" | "too_many_streams" | "idempotency_key_reused" | "not_found" | "job_unfinished" | "job_without_scores" | "job_finished" | "path_not_allowed" | "model_not_found" | "revision_not_found" | "model_gated" | "model_type_unsupported" | "loss_unsupported" | "config_invalid" | "checkpoint_missing" | "checkpoint_invalid" | "tensor_missing" | "tensor_mismatch" | "dtype_unsupported" | "tokenizer_missing" | "tokenizer_invalid" | "tokenizer_unsupported" | "chat_template_missing" | "dataset_not_found" | "dataset_malformed" | "label_invalid" | "dataset_empty" | "sequence_too_long" | "token_out_of_range" | "unsupported_operator" | "non_finite_gradient" | "non_finite_damage" | "non_finite_weight" | "format_unknown" | "format_unsuitable" | "format_overflow" | "device_unavailable" | "out_of_memory" | "disk_full" | "compute_failed" | "compute_process_died" | "compute_stalled" | "hub_unavailable" | "hub_offline" | "download_corrupt" | "cache_full" | "runs_incompatible" | "runs_overlap" | "timed_out" | "canceled" | "database_unavailable" | "migration_refused" | "queue_unavailable" | "internal";
            retryable: boolean;
            context?: {
                [key: string]: unknown;
            };
            errors?: {
                pointer: string;
                detail: string;
            }[];
        };
        /** @enum {string} */
        JobStatus: "queued" | "running" | "canceling" | "succeeded" | "failed" | "canceled";
        /**
         * @example {
         *       "phase": "computing",
         *       "done": 12,
         *       "total": 64,
         *       "layer": "model.layers.3",
         *       "eta_seconds": 41.5
         *     }
         */
        Progress: {
            /** @enum {string} */
            phase: "resolving" | "loading" | "tokenizing" | "building" | "computing" | "saving";
            done: number;
            total: number;
            /** @description what is being computed: of magnitudes the parameter, of a checkpointed or streamed plan the block or blocks of the segment; null where the whole model is, and between computations */
            layer: string | null;
            eta_seconds: number | null;
        };
        /**
         * @example {
         *       "id": "job_01935b7c-0000-7000-8000-000000000000",
         *       "object": "job",
         *       "status": "running",
         *       "request": {
         *         "model": "Qwen/Qwen2.5-Math-1.5B-Instruct",
         *         "revision": null,
         *         "dataset": {
         *           "name": "gsm8k"
         *         },
         *         "method": "fisher",
         *         "params": {
         *           "examples": 2,
         *           "max_length": 512,
         *           "seed": 42,
         *           "labels": "data"
         *         },
         *         "device": "auto",
         *         "force": false
         *       },
         *       "metadata": {
         *         "ticket": "Q-17"
         *       },
         *       "priority": 0,
         *       "timeout_seconds": null,
         *       "shards": 1,
         *       "progress": {
         *         "phase": "computing",
         *         "done": 1,
         *         "total": 2,
         *         "layer": "model.layers.3",
         *         "eta_seconds": 41.5
         *       },
         *       "cached": false,
         *       "run_id": null,
         *       "error": null,
         *       "attempt": 1,
         *       "created_at": "2026-11-23T12:00:00.000Z",
         *       "started_at": "2026-11-23T12:00:01.000Z",
         *       "finished_at": null,
         *       "cancel_requested_at": null,
         *       "urls": {
         *         "self": "/jobs/job_01935b7c-0000-7000-8000-000000000000",
         *         "events": "/jobs/job_01935b7c-0000-7000-8000-000000000000/events",
         *         "scores": "/jobs/job_01935b7c-0000-7000-8000-000000000000/scores",
         *         "cancel": "/jobs/job_01935b7c-0000-7000-8000-000000000000/cancel",
         *         "retry": "/jobs/job_01935b7c-0000-7000-8000-000000000000/retry"
         *       }
         *     }
         * @example {
         *       "id": "job_01935b7c-0000-7000-8000-000000000000",
         *       "object": "job",
         *       "status": "succeeded",
         *       "request": {
         *         "model": "Qwen/Qwen2.5-Math-1.5B-Instruct",
         *         "revision": null,
         *         "dataset": {
         *           "name": "gsm8k"
         *         },
         *         "method": "fisher",
         *         "params": {
         *           "examples": 2,
         *           "max_length": 512,
         *           "seed": 42,
         *           "labels": "data"
         *         },
         *         "device": "auto",
         *         "force": false
         *       },
         *       "metadata": {
         *         "ticket": "Q-17"
         *       },
         *       "priority": 0,
         *       "timeout_seconds": null,
         *       "shards": 1,
         *       "progress": {
         *         "phase": "saving",
         *         "done": 0,
         *         "total": 0,
         *         "layer": null,
         *         "eta_seconds": null
         *       },
         *       "cached": false,
         *       "run_id": "run_01935b7d-0000-7000-8000-000000000000",
         *       "error": null,
         *       "attempt": 1,
         *       "created_at": "2026-11-23T12:00:00.000Z",
         *       "started_at": "2026-11-23T12:00:01.000Z",
         *       "finished_at": "2026-11-23T12:01:00.000Z",
         *       "cancel_requested_at": null,
         *       "urls": {
         *         "self": "/jobs/job_01935b7c-0000-7000-8000-000000000000",
         *         "events": "/jobs/job_01935b7c-0000-7000-8000-000000000000/events",
         *         "scores": "/jobs/job_01935b7c-0000-7000-8000-000000000000/scores",
         *         "cancel": "/jobs/job_01935b7c-0000-7000-8000-000000000000/cancel",
         *         "retry": "/jobs/job_01935b7c-0000-7000-8000-000000000000/retry"
         *       }
         *     }
         */
        Job: {
            id: string;
            /** @constant */
            object: "job";
            status: components["schemas"]["JobStatus"];
            request: {
                model: string;
                revision: string | null;
                dataset: components["schemas"]["DatasetSpec"] | null;
                method: components["schemas"]["Method"];
                params: {
                    [key: string]: unknown;
                };
                device: components["schemas"]["Device"];
                force: boolean;
            };
            metadata: {
                [key: string]: string;
            };
            priority: number;
            timeout_seconds: number | null;
            shards: number;
            progress: components["schemas"]["Progress"] | null;
            cached: boolean;
            run_id: string | null;
            error: components["schemas"]["Problem"] | null;
            attempt: number;
            /** Format: date-time */
            created_at: string;
            started_at: string | null;
            finished_at: string | null;
            cancel_requested_at: string | null;
            urls: {
                self: string;
                events: string;
                scores: string;
                cancel: string;
                retry: string;
            };
        };
        LayerScore: {
            layer: string;
            parameter: string;
            shape: number[];
            numel: number | null;
            n: number | null;
            values: {
                [key: string]: number | null;
            };
            standard_error: number | null;
            variance?: number;
            confidence_interval?: [
                number,
                number
            ];
            top_k_probability?: number;
            /** @default null */
            routed_tokens: number | null;
            /** @default null */
            routed_examples: number | null;
            rank: number;
            per_example?: number[];
            per_example_routed_tokens?: number[];
            other_metrics?: {
                [key: string]: {
                    standard_error: number;
                    per_example?: number[];
                };
            };
        };
        MarginalGroups: {
            examples: number;
            targets: number;
        }[];
        PricedRun: {
            run_id: string;
            groups: components["schemas"]["MarginalGroups"] | null;
        };
        /**
         * @example {
         *       "id": "run_01935b7d-0000-7000-8000-000000000000",
         *       "object": "run",
         *       "identity": "e9f91de7d9b9c5a4f0c1b7d25f3f1b6a6a0c9d0e4e2f4b7c8a9b0c1d2e3f4a5b",
         *       "imported": false,
         *       "source": null,
         *       "method": "fisher",
         *       "method_version": "2",
         *       "definition": "(1/N) Σₙ ‖∂ℓₙ/∂W‖², ℓₙ the mean loss over the tokens of example n",
         *       "metrics": [
         *         "sum",
         *         "density"
         *       ],
         *       "model": {
         *         "name": "Qwen/Qwen2.5-Math-1.5B-Instruct",
         *         "revision": "aafeb0fc6f22cbf0eaeed126eff8be45b0360a35",
         *         "model_type": "qwen2",
         *         "parameters": 1543714304,
         *         "dtype": "bfloat16",
         *         "files": [
         *           {
         *             "name": "model.safetensors",
         *             "sha256": "2c2fbc1c6a2f0d5f6fdcbe5a64b06bd7d5a6f3a7cb0f1f5d8b7e6c5d4a3b2c1d"
         *           }
         *         ]
         *       },
         *       "dataset": {
         *         "name": "gsm8k",
         *         "split": "train",
         *         "format": null,
         *         "revision": "e53f048856ff4f594e959d75785d2c2d37b678ee",
         *         "indices": [
         *           6252,
         *           4684
         *         ],
         *         "examples": 2,
         *         "tokens": 341,
         *         "truncated": 0,
         *         "tokenizer_sha256": "aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4",
         *         "fingerprint": "aa62b38da63c54f0c1b7d25f3f1b6a6a0c9d0e4e2f4b7c8a9b0c1d2e3f4a5b6c",
         *         "example_hashes": [
         *           "3b5d5c3712955042212316173ccf37be",
         *           "60303ae22b998861bce3b28f33eec1be"
         *         ]
         *       },
         *       "params": {
         *         "examples": 2,
         *         "max_length": 512,
         *         "seed": 42,
         *         "loss": "token-mean",
         *         "labels": "data"
         *       },
         *       "loss": "token-mean",
         *       "labels": "data",
         *       "mean_loss": 0.4375,
         *       "example_losses": [
         *         0.5,
         *         0.375
         *       ],
         *       "stability": {
         *         "k": 10,
         *         "resamples": 1000,
         *         "probability": 0.66,
         *         "jaccard": 0.94
         *       },
         *       "stopping": null,
         *       "derived_from": [],
         *       "device": "cpu",
         *       "plan": "checkpointed",
         *       "plan_reason": "the fastest that fits: an estimated 9216 MiB of 12288 MiB",
         *       "estimated_memory_bytes": 9663676416,
         *       "arithmetic": "float32",
         *       "engine": {
         *         "name": "layersense",
         *         "version": "0.2.0",
         *         "onnxruntime": "1.30.0"
         *       },
         *       "seconds": 41.5,
         *       "peak_memory_bytes": 9126805504,
         *       "created_at": "2026-11-23T12:01:00.000Z"
         *     }
         */
        Run: {
            id: string;
            /** @constant */
            object: "run";
            identity: string;
            imported: boolean;
            source: string | null;
            method: components["schemas"]["Method"];
            method_version: string;
            definition: string;
            metrics: string[];
            model: {
                name: string;
                revision: string;
                model_type: string | null;
                parameters: number | null;
                dtype: string | null;
                files: {
                    name: string;
                    sha256: string;
                }[];
            };
            dataset: {
                name: string;
                split: string | null;
                format: string | null;
                revision: string | null;
                indices: number[];
                examples: number | null;
                tokens: number | null;
                truncated: number | null;
                skipped?: number;
                unread_keys?: string[];
                tokenizer_sha256: string | null;
                fingerprint: string | null;
                /** @default [] */
                example_hashes: string[];
            } | null;
            params: {
                [key: string]: unknown;
            };
            loss: ("token-mean" | "sequence-sum" | "masked-token-mean" | "masked-token-sum" | "class") | null;
            labels: ("data" | "model") | null;
            mean_loss: number | null;
            /** @default null */
            example_losses: number[] | null;
            /** @default null */
            stability: {
                k: number;
                resamples: number;
                probability: number;
                jaccard: number;
            } | null;
            /** @default null */
            stopping: {
                /** @enum {string} */
                reason: "stable" | "examples exhausted";
                examples: number;
                at_most: number;
                rounds: {
                    examples: number;
                    probability: number;
                }[];
            } | null;
            marginals?: components["schemas"]["MarginalGroups"];
            priced_run?: components["schemas"]["PricedRun"];
            /** @default [] */
            derived_from: {
                run_id: string;
                examples: number;
            }[];
            device: components["schemas"]["Device"] | null;
            plan: string | null;
            /** @default null */
            plan_reason: string | null;
            /** @default null */
            estimated_memory_bytes: number | null;
            arithmetic: string | null;
            engine: {
                name: string;
                version: string;
                onnxruntime: string | null;
            };
            seconds: number | null;
            peak_memory_bytes: number | null;
            /** Format: date-time */
            created_at: string;
        };
        /**
         * @example {
         *       "run": {
         *         "id": "run_01935b7d-0000-7000-8000-000000000000",
         *         "object": "run",
         *         "identity": "e9f91de7d9b9c5a4f0c1b7d25f3f1b6a6a0c9d0e4e2f4b7c8a9b0c1d2e3f4a5b",
         *         "imported": false,
         *         "source": null,
         *         "method": "fisher",
         *         "method_version": "2",
         *         "definition": "(1/N) Σₙ ‖∂ℓₙ/∂W‖², ℓₙ the mean loss over the tokens of example n",
         *         "metrics": [
         *           "sum",
         *           "density"
         *         ],
         *         "model": {
         *           "name": "Qwen/Qwen2.5-Math-1.5B-Instruct",
         *           "revision": "aafeb0fc6f22cbf0eaeed126eff8be45b0360a35",
         *           "model_type": "qwen2",
         *           "parameters": 1543714304,
         *           "dtype": "bfloat16",
         *           "files": [
         *             {
         *               "name": "model.safetensors",
         *               "sha256": "2c2fbc1c6a2f0d5f6fdcbe5a64b06bd7d5a6f3a7cb0f1f5d8b7e6c5d4a3b2c1d"
         *             }
         *           ]
         *         },
         *         "dataset": {
         *           "name": "gsm8k",
         *           "split": "train",
         *           "format": null,
         *           "revision": "e53f048856ff4f594e959d75785d2c2d37b678ee",
         *           "indices": [
         *             6252,
         *             4684
         *           ],
         *           "examples": 2,
         *           "tokens": 341,
         *           "truncated": 0,
         *           "tokenizer_sha256": "aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4",
         *           "fingerprint": "aa62b38da63c54f0c1b7d25f3f1b6a6a0c9d0e4e2f4b7c8a9b0c1d2e3f4a5b6c",
         *           "example_hashes": [
         *             "3b5d5c3712955042212316173ccf37be",
         *             "60303ae22b998861bce3b28f33eec1be"
         *           ]
         *         },
         *         "params": {
         *           "examples": 2,
         *           "max_length": 512,
         *           "seed": 42,
         *           "loss": "token-mean",
         *           "labels": "data"
         *         },
         *         "loss": "token-mean",
         *         "labels": "data",
         *         "mean_loss": 0.4375,
         *         "example_losses": [
         *           0.5,
         *           0.375
         *         ],
         *         "stability": {
         *           "k": 10,
         *           "resamples": 1000,
         *           "probability": 0.66,
         *           "jaccard": 0.94
         *         },
         *         "stopping": null,
         *         "derived_from": [],
         *         "device": "cpu",
         *         "plan": "checkpointed",
         *         "plan_reason": "the fastest that fits: an estimated 9216 MiB of 12288 MiB",
         *         "estimated_memory_bytes": 9663676416,
         *         "arithmetic": "float32",
         *         "engine": {
         *           "name": "layersense",
         *           "version": "0.2.0",
         *           "onnxruntime": "1.30.0"
         *         },
         *         "seconds": 41.5,
         *         "peak_memory_bytes": 9126805504,
         *         "created_at": "2026-11-23T12:01:00.000Z"
         *       },
         *       "scores": [
         *         {
         *           "layer": "model.layers.0.self_attn.v_proj",
         *           "parameter": "model.layers.0.self_attn.v_proj.weight",
         *           "shape": [
         *             256,
         *             1536
         *           ],
         *           "numel": 393216,
         *           "n": 2,
         *           "values": {
         *             "sum": 7.25,
         *             "density": 0.0000184377
         *           },
         *           "variance": 0.5,
         *           "standard_error": 0.5,
         *           "confidence_interval": [
         *             0.8969,
         *             13.6031
         *           ],
         *           "top_k_probability": 0.98,
         *           "routed_tokens": null,
         *           "routed_examples": null,
         *           "rank": 1
         *         }
         *       ]
         *     }
         */
        ScoreReport: {
            run: components["schemas"]["Run"];
            scores: components["schemas"]["LayerScore"][];
        };
        /**
         * @example {
         *       "object": "partial_scores",
         *       "job_id": "job_01935b7c-0000-7000-8000-000000000000",
         *       "status": "running",
         *       "examples": 2,
         *       "scores": [
         *         {
         *           "layer": "model.layers.0.self_attn.v_proj",
         *           "parameter": "model.layers.0.self_attn.v_proj.weight",
         *           "shape": [
         *             256,
         *             1536
         *           ],
         *           "numel": 393216,
         *           "n": 2,
         *           "values": {
         *             "sum": 7.25,
         *             "density": 0.0000184377
         *           },
         *           "variance": 0.5,
         *           "standard_error": 0.5,
         *           "confidence_interval": [
         *             0.8969,
         *             13.6031
         *           ],
         *           "top_k_probability": 0.98,
         *           "routed_tokens": null,
         *           "routed_examples": null,
         *           "rank": 1
         *         }
         *       ]
         *     }
         */
        PartialScoreReport: {
            /** @constant */
            object: "partial_scores";
            job_id: string;
            status: components["schemas"]["JobStatus"];
            examples: number;
            scores: components["schemas"]["LayerScore"][];
        };
        /**
         * @example {
         *       "object": "list",
         *       "data": [
         *         {
         *           "id": "job_01935b7c-0000-7000-8000-000000000000",
         *           "object": "job",
         *           "status": "queued",
         *           "request": {
         *             "model": "Qwen/Qwen2.5-Math-1.5B-Instruct",
         *             "revision": null,
         *             "dataset": {
         *               "name": "gsm8k"
         *             },
         *             "method": "fisher",
         *             "params": {
         *               "examples": 2,
         *               "max_length": 512,
         *               "seed": 42,
         *               "labels": "data"
         *             },
         *             "device": "auto",
         *             "force": false
         *           },
         *           "metadata": {
         *             "ticket": "Q-17"
         *           },
         *           "priority": 0,
         *           "timeout_seconds": null,
         *           "shards": 1,
         *           "progress": null,
         *           "cached": false,
         *           "run_id": null,
         *           "error": null,
         *           "attempt": 0,
         *           "created_at": "2026-11-23T12:00:00.000Z",
         *           "started_at": null,
         *           "finished_at": null,
         *           "cancel_requested_at": null,
         *           "urls": {
         *             "self": "/jobs/job_01935b7c-0000-7000-8000-000000000000",
         *             "events": "/jobs/job_01935b7c-0000-7000-8000-000000000000/events",
         *             "scores": "/jobs/job_01935b7c-0000-7000-8000-000000000000/scores",
         *             "cancel": "/jobs/job_01935b7c-0000-7000-8000-000000000000/cancel",
         *             "retry": "/jobs/job_01935b7c-0000-7000-8000-000000000000/retry"
         *           }
         *         }
         *       ],
         *       "has_more": true,
         *       "next_cursor": "eyJsaXN0Ijoiam9icyJ9"
         *     }
         */
        JobList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["Job"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        StoredScore: {
            model: string;
            revision: string;
            dataset: string | null;
            method: components["schemas"]["Method"];
            metric: string;
            layer: string;
            parameter: string;
            module: string;
            block: number | null;
            shape: number[];
            numel: number | null;
            value: number | null;
            rank: number;
            n: number | null;
            standard_error: number | null;
            confidence_interval: [
                number,
                number
            ] | null;
            routed_tokens: number | null;
            routed_examples: number | null;
            share_of_max: number | null;
            run_id: string;
        };
        /**
         * @example {
         *       "object": "list",
         *       "data": [
         *         {
         *           "model": "Qwen/Qwen2.5-Math-1.5B-Instruct",
         *           "revision": "aafeb0fc6f22cbf0eaeed126eff8be45b0360a35",
         *           "dataset": "gsm8k",
         *           "method": "fisher",
         *           "metric": "sum",
         *           "layer": "model.layers.0.self_attn.v_proj",
         *           "parameter": "model.layers.0.self_attn.v_proj.weight",
         *           "module": "v_proj",
         *           "block": 0,
         *           "shape": [
         *             256,
         *             1536
         *           ],
         *           "numel": 393216,
         *           "value": 7.25,
         *           "rank": 1,
         *           "n": 2,
         *           "standard_error": 0.5,
         *           "confidence_interval": [
         *             0.8969,
         *             13.6031
         *           ],
         *           "routed_tokens": null,
         *           "routed_examples": null,
         *           "share_of_max": 1,
         *           "run_id": "run_01935b7d-0000-7000-8000-000000000000"
         *         }
         *       ]
         *     }
         */
        StoredScoreList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["StoredScore"][];
        };
        /**
         * @example {
         *       "run": {
         *         "id": "run_01935b7d-0000-7000-8000-000000000000",
         *         "object": "run",
         *         "identity": "e9f91de7d9b9c5a4f0c1b7d25f3f1b6a6a0c9d0e4e2f4b7c8a9b0c1d2e3f4a5b",
         *         "imported": true,
         *         "source": "TaskQuant",
         *         "method": "fisher",
         *         "method_version": "2",
         *         "definition": "(1/N) Σₙ ‖∂ℓₙ/∂W‖², ℓₙ the mean loss over the tokens of example n",
         *         "metrics": [
         *           "sum",
         *           "density"
         *         ],
         *         "model": {
         *           "name": "Qwen/Qwen2.5-Math-1.5B-Instruct",
         *           "revision": "aafeb0fc6f22cbf0eaeed126eff8be45b0360a35",
         *           "model_type": "qwen2",
         *           "parameters": 1543714304,
         *           "dtype": "bfloat16",
         *           "files": [
         *             {
         *               "name": "model.safetensors",
         *               "sha256": "2c2fbc1c6a2f0d5f6fdcbe5a64b06bd7d5a6f3a7cb0f1f5d8b7e6c5d4a3b2c1d"
         *             }
         *           ]
         *         },
         *         "dataset": {
         *           "name": "gsm8k",
         *           "split": null,
         *           "format": null,
         *           "revision": null,
         *           "indices": [],
         *           "examples": 64,
         *           "tokens": null,
         *           "truncated": null,
         *           "tokenizer_sha256": null,
         *           "fingerprint": null,
         *           "example_hashes": []
         *         },
         *         "params": {
         *           "examples": 2,
         *           "max_length": 512,
         *           "seed": 42,
         *           "loss": "token-mean",
         *           "labels": "data"
         *         },
         *         "loss": "token-mean",
         *         "labels": "data",
         *         "mean_loss": 0.4375,
         *         "example_losses": null,
         *         "stability": null,
         *         "stopping": null,
         *         "derived_from": [],
         *         "device": "cpu",
         *         "plan": "checkpointed",
         *         "plan_reason": "the fastest that fits: an estimated 9216 MiB of 12288 MiB",
         *         "estimated_memory_bytes": 9663676416,
         *         "arithmetic": "float32",
         *         "engine": {
         *           "name": "layersense",
         *           "version": "0.2.0",
         *           "onnxruntime": "1.30.0"
         *         },
         *         "seconds": 41.5,
         *         "peak_memory_bytes": 9126805504,
         *         "created_at": "2026-11-23T12:01:00.000Z"
         *       },
         *       "imported": 1
         *     }
         */
        ImportRunResponse: {
            run: components["schemas"]["Run"];
            imported: number;
        };
        KnownModel: {
            name: string;
            revision: string;
            model_type: string | null;
            parameters: number | null;
            runs: number;
            /** Format: date-time */
            newest_run_at: string;
        };
        /**
         * @example {
         *       "object": "list",
         *       "data": [
         *         {
         *           "name": "Qwen/Qwen2.5-Math-1.5B-Instruct",
         *           "revision": "aafeb0fc6f22cbf0eaeed126eff8be45b0360a35",
         *           "model_type": "qwen2",
         *           "parameters": 1543714304,
         *           "runs": 3,
         *           "newest_run_at": "2026-11-23T12:01:00.000Z"
         *         }
         *       ],
         *       "has_more": false,
         *       "next_cursor": null
         *     }
         */
        KnownModelList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["KnownModel"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        KnownDataset: {
            name: string;
            runs: number;
            /** Format: date-time */
            newest_run_at: string;
        };
        /**
         * @example {
         *       "object": "list",
         *       "data": [
         *         {
         *           "name": "gsm8k",
         *           "runs": 3,
         *           "newest_run_at": "2026-11-23T12:01:00.000Z"
         *         }
         *       ],
         *       "has_more": false,
         *       "next_cursor": null
         *     }
         */
        KnownDatasetList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["KnownDataset"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        RunSummary: {
            id: string;
            /** @constant */
            object: "run";
            identity: string;
            imported: boolean;
            source: string | null;
            method: components["schemas"]["Method"];
            method_version: string;
            definition: string;
            metrics: string[];
            model: {
                name: string;
                revision: string;
                model_type: string | null;
                parameters: number | null;
                dtype: string | null;
                files: {
                    name: string;
                    sha256: string;
                }[];
            };
            dataset: {
                name: string;
                split: string | null;
                format: string | null;
                revision: string | null;
                examples: number | null;
                tokens: number | null;
                truncated: number | null;
                skipped?: number;
                unread_keys?: string[];
                tokenizer_sha256: string | null;
                fingerprint: string | null;
            } | null;
            params: {
                [key: string]: unknown;
            };
            loss: ("token-mean" | "sequence-sum" | "masked-token-mean" | "masked-token-sum" | "class") | null;
            labels: ("data" | "model") | null;
            mean_loss: number | null;
            /** @default null */
            stability: {
                k: number;
                resamples: number;
                probability: number;
                jaccard: number;
            } | null;
            /** @default null */
            stopping: {
                /** @enum {string} */
                reason: "stable" | "examples exhausted";
                examples: number;
                at_most: number;
                rounds: {
                    examples: number;
                    probability: number;
                }[];
            } | null;
            marginals?: components["schemas"]["MarginalGroups"];
            priced_run?: components["schemas"]["PricedRun"];
            /** @default [] */
            derived_from: {
                run_id: string;
                examples: number;
            }[];
            device: components["schemas"]["Device"] | null;
            plan: string | null;
            /** @default null */
            plan_reason: string | null;
            /** @default null */
            estimated_memory_bytes: number | null;
            arithmetic: string | null;
            engine: {
                name: string;
                version: string;
                onnxruntime: string | null;
            };
            seconds: number | null;
            peak_memory_bytes: number | null;
            /** Format: date-time */
            created_at: string;
        };
        /**
         * @example {
         *       "object": "list",
         *       "data": [
         *         {
         *           "id": "run_01935b7d-0000-7000-8000-000000000000",
         *           "object": "run",
         *           "identity": "e9f91de7d9b9c5a4f0c1b7d25f3f1b6a6a0c9d0e4e2f4b7c8a9b0c1d2e3f4a5b",
         *           "imported": false,
         *           "source": null,
         *           "method": "fisher",
         *           "method_version": "2",
         *           "definition": "(1/N) Σₙ ‖∂ℓₙ/∂W‖², ℓₙ the mean loss over the tokens of example n",
         *           "metrics": [
         *             "sum",
         *             "density"
         *           ],
         *           "model": {
         *             "name": "Qwen/Qwen2.5-Math-1.5B-Instruct",
         *             "revision": "aafeb0fc6f22cbf0eaeed126eff8be45b0360a35",
         *             "model_type": "qwen2",
         *             "parameters": 1543714304,
         *             "dtype": "bfloat16",
         *             "files": [
         *               {
         *                 "name": "model.safetensors",
         *                 "sha256": "2c2fbc1c6a2f0d5f6fdcbe5a64b06bd7d5a6f3a7cb0f1f5d8b7e6c5d4a3b2c1d"
         *               }
         *             ]
         *           },
         *           "params": {
         *             "examples": 2,
         *             "max_length": 512,
         *             "seed": 42,
         *             "loss": "token-mean",
         *             "labels": "data"
         *           },
         *           "loss": "token-mean",
         *           "labels": "data",
         *           "mean_loss": 0.4375,
         *           "stability": {
         *             "k": 10,
         *             "resamples": 1000,
         *             "probability": 0.66,
         *             "jaccard": 0.94
         *           },
         *           "stopping": null,
         *           "derived_from": [],
         *           "device": "cpu",
         *           "plan": "checkpointed",
         *           "plan_reason": "the fastest that fits: an estimated 9216 MiB of 12288 MiB",
         *           "estimated_memory_bytes": 9663676416,
         *           "arithmetic": "float32",
         *           "engine": {
         *             "name": "layersense",
         *             "version": "0.2.0",
         *             "onnxruntime": "1.30.0"
         *           },
         *           "seconds": 41.5,
         *           "peak_memory_bytes": 9126805504,
         *           "created_at": "2026-11-23T12:01:00.000Z",
         *           "dataset": {
         *             "name": "gsm8k",
         *             "split": "train",
         *             "format": null,
         *             "revision": "e53f048856ff4f594e959d75785d2c2d37b678ee",
         *             "examples": 2,
         *             "tokens": 341,
         *             "truncated": 0,
         *             "tokenizer_sha256": "aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4",
         *             "fingerprint": "aa62b38da63c54f0c1b7d25f3f1b6a6a0c9d0e4e2f4b7c8a9b0c1d2e3f4a5b6c"
         *           }
         *         }
         *       ],
         *       "has_more": false,
         *       "next_cursor": null
         *     }
         */
        RunSummaryList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["RunSummary"][];
            has_more: boolean;
            next_cursor: string | null;
        };
        MethodInfo: {
            /** @constant */
            object: "method";
            name: components["schemas"]["Method"];
            version: string;
            definition: string;
            metrics: string[];
            needs_dataset: boolean;
            params: {
                [key: string]: unknown;
            };
        };
        /**
         * @example {
         *       "object": "list",
         *       "data": [
         *         {
         *           "object": "method",
         *           "name": "magnitude",
         *           "version": "2",
         *           "definition": "l1 = Σ |w|, l2_squared = Σ w², mean_abs = l1 / numel, max_abs = max |w|",
         *           "metrics": [
         *             "l1",
         *             "l2_squared",
         *             "mean_abs",
         *             "max_abs"
         *           ],
         *           "needs_dataset": false,
         *           "params": {
         *             "type": "object",
         *             "properties": {},
         *             "additionalProperties": false
         *           }
         *         }
         *       ]
         *     }
         */
        MethodList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["MethodInfo"][];
        };
        /** @enum {string} */
        DamageTier: "priced" | "scalar";
        PredictedDamage: {
            parameter: string;
            format: string;
            predicted_kl: number;
            standard_error: number | null;
            confidence_interval: [
                number,
                number
            ] | null;
            tier: components["schemas"]["DamageTier"];
            bits_per_weight: number;
            scalar_kl: number;
        };
        FormatTotal: {
            format: string;
            matrices: number;
            predicted_kl: number;
            standard_error: number | null;
            confidence_interval: [
                number,
                number
            ] | null;
            bits_per_weight: number;
        };
        /**
         * @example {
         *       "object": "list",
         *       "run_id": "run_01935b7d-0000-7000-8000-000000000000",
         *       "priced_run": {
         *         "run_id": "run_01935b7d-0000-7000-8000-000000000000",
         *         "groups": [
         *           {
         *             "examples": 8,
         *             "targets": 812
         *           },
         *           {
         *             "examples": 8,
         *             "targets": 812
         *           },
         *           {
         *             "examples": 8,
         *             "targets": 812
         *           },
         *           {
         *             "examples": 8,
         *             "targets": 812
         *           },
         *           {
         *             "examples": 8,
         *             "targets": 812
         *           },
         *           {
         *             "examples": 8,
         *             "targets": 812
         *           },
         *           {
         *             "examples": 8,
         *             "targets": 812
         *           },
         *           {
         *             "examples": 8,
         *             "targets": 812
         *           }
         *         ]
         *       },
         *       "data": [
         *         {
         *           "parameter": "model.layers.0.mlp.down_proj.weight",
         *           "format": "int4_g32",
         *           "predicted_kl": 0.00031,
         *           "standard_error": 0.00002,
         *           "confidence_interval": [
         *             0.00026,
         *             0.00036
         *           ],
         *           "tier": "priced",
         *           "bits_per_weight": 4.5,
         *           "scalar_kl": 0.00034
         *         }
         *       ],
         *       "totals": [
         *         {
         *           "format": "int4_g32",
         *           "predicted_kl": 0.00031,
         *           "standard_error": 0.00002,
         *           "confidence_interval": [
         *             0.00026,
         *             0.00036
         *           ],
         *           "bits_per_weight": 4.5,
         *           "matrices": 1
         *         }
         *       ]
         *     }
         */
        DamageList: {
            /** @constant */
            object: "list";
            run_id: string;
            priced_run: components["schemas"]["PricedRun"];
            data: components["schemas"]["PredictedDamage"][];
            totals: components["schemas"]["FormatTotal"][];
        };
        /** @enum {string} */
        JobEventType: "created" | "started" | "requeued" | "cancel_requested" | "canceled" | "succeeded" | "failed" | "retried" | "shard_started" | "shard_requeued" | "shard_succeeded" | "plan_reduced";
        /**
         * @example {
         *       "seq": 2,
         *       "type": "started",
         *       "data": {
         *         "status": "running",
         *         "attempt": 1,
         *         "worker_id": "gpu-1:4711"
         *       },
         *       "created_at": "2026-11-23T12:00:00.000Z"
         *     }
         */
        JobEvent: {
            seq: number;
            type: components["schemas"]["JobEventType"];
            data: {
                status: components["schemas"]["JobStatus"];
                attempt: number;
            } & {
                [key: string]: unknown;
            };
            /** Format: date-time */
            created_at: string;
        };
        /**
         * @example {
         *       "object": "list",
         *       "data": [
         *         {
         *           "seq": 2,
         *           "type": "started",
         *           "data": {
         *             "status": "running",
         *             "attempt": 1,
         *             "worker_id": "gpu-1:4711"
         *           },
         *           "created_at": "2026-11-23T12:00:01.000Z"
         *         }
         *       ]
         *     }
         */
        JobEventList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["JobEvent"][];
        };
        WebhookEvent: {
            /** @enum {string} */
            type: "job.succeeded" | "job.failed" | "job.canceled";
            /**
             * Format: date-time
             * @description when the job ended
             */
            timestamp: string;
            data: {
                id: string;
                /** @enum {string} */
                status: "succeeded" | "failed" | "canceled";
            };
        };
        WebhookDelivery: {
            /** @description the webhook-id header; the same in every attempt */
            id: string;
            /** @constant */
            object: "webhook_delivery";
            /** @enum {string} */
            status: "pending" | "delivered" | "abandoned";
            /** @description without its query, which may hold a secret */
            url: string;
            event: components["schemas"]["WebhookEvent"];
            attempts: number;
            next_attempt_at: string | null;
            last_response_status: number | null;
            last_error: string | null;
            /** Format: date-time */
            created_at: string;
            finished_at: string | null;
        };
        /**
         * @example {
         *       "object": "list",
         *       "data": [
         *         {
         *           "id": "msg_01935b7c-0000-7000-8000-000000000000",
         *           "object": "webhook_delivery",
         *           "status": "delivered",
         *           "url": "https://ci.example.com/layersense",
         *           "event": {
         *             "type": "job.succeeded",
         *             "timestamp": "2026-11-23T12:01:00.000Z",
         *             "data": {
         *               "id": "job_01935b7c-0000-7000-8000-000000000000",
         *               "status": "succeeded"
         *             }
         *           },
         *           "attempts": 1,
         *           "next_attempt_at": null,
         *           "last_response_status": 204,
         *           "last_error": null,
         *           "created_at": "2026-11-23T12:01:00.000Z",
         *           "finished_at": "2026-11-23T12:01:01.000Z"
         *         }
         *       ]
         *     }
         */
        WebhookDeliveryList: {
            /** @constant */
            object: "list";
            data: components["schemas"]["WebhookDelivery"][];
        };
        /**
         * @example {
         *       "status": "ok"
         *     }
         */
        Healthy: {
            /** @constant */
            status: "ok";
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Healthy"];
                };
            };
            /** @description Malformed as HTTP */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A fault of ours */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database or the queue is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Healthy"];
                };
            };
            /** @description Malformed as HTTP */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A fault of ours */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description What is not in order */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Prometheus text format */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example # HELP layersense_jobs Jobs in the database by status
                     *     # TYPE layersense_jobs gauge
                     *     layersense_jobs{status="queued"} 3
                     */
                    "text/plain": string;
                };
            };
            /** @description Malformed as HTTP */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No API key, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key without the scope metrics:read */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A fault of ours */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database or the queue is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listJobs: {
        parameters: {
            query?: {
                status?: components["schemas"]["JobStatusInput"];
                model?: string;
                method?: components["schemas"]["MethodInput"];
                limit?: number;
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobList"];
                };
            };
            /** @description Malformed as HTTP */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No API key, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key without the scope jobs:read */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A filter or cursor that is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A fault of ours */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database or the queue is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createJob: {
        parameters: {
            query?: never;
            header?: {
                /** @description repeats of a request with the same key within 24 hours answer as it did */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateJobRequestInput"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description Malformed as HTTP */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No API key, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A path outside the allowed roots */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A body beyond the limit */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A body that is not application/json */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A request that is not valid, or an Idempotency-Key of another one */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A fault of ours */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Database or queue away; nothing was stored */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getJob: {
        parameters: {
            query?: never;
            header?: {
                /** @description the ETag of the answer that is at hand */
                "if-none-match"?: string;
            };
            path: {
                /** @example job_01935b7c-0000-7000-8000-000000000000 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description As the given ETag says: there is no body */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Malformed as HTTP */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No API key, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key without the scope jobs:read */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such job */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A parameter that is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A fault of ours */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database or the queue is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancelJob: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example job_01935b7c-0000-7000-8000-000000000000 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description Malformed as HTTP */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No API key, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key without the scope jobs:write */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such job */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The job has already succeeded or failed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A parameter that is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A fault of ours */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database or the queue is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    retryJob: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example job_01935b7c-0000-7000-8000-000000000000 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description Malformed as HTTP */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No API key, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key without the scope jobs:write */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such job */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The job has succeeded, or has not ended yet */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A parameter that is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A fault of ours */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Database or queue away; nothing was changed */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getJobEvents: {
        parameters: {
            query?: {
                /** @description the seq of the last event that is known */
                after?: number;
            };
            header?: {
                /** @description the same, as a browser sends it when it reconnects */
                "last-event-id"?: number;
            };
            path: {
                /** @example job_01935b7c-0000-7000-8000-000000000000 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The events after the given one, in order */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobEventList"];
                    /**
                     * @example id: 2
                     *     event: started
                     *     data: {"seq":2,"type":"started","data":{"status":"running","attempt":1,"worker_id":"gpu-1:4711"},"created_at":"2026-11-23T12:00:01.000Z"}
                     *
                     *     event: progress
                     *     data: {"phase":"computing","done":1,"total":2,"layer":"model.layers.3","eta_seconds":41.5}
                     */
                    "text/event-stream": string;
                };
            };
            /** @description The job has ended and there are no more: do not reconnect */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Malformed as HTTP */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No API key, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key without the scope jobs:read */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such job */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Neither JSON nor an event stream is accepted */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A parameter that is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A fault of ours */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description As many streams are open as the server allows */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getJobScores: {
        parameters: {
            query?: {
                /** @description add the value of every example; not in CSV */
                per_example?: string;
            };
            header?: never;
            path: {
                /** @example job_01935b7c-0000-7000-8000-000000000000 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The report; as CSV and NDJSON one line per score */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScoreReport"] | components["schemas"]["PartialScoreReport"];
                    /**
                     * @example rank,layer,parameter,shape,numel,n,sum,density,variance,standard_error,confidence_low,confidence_high,top_k_probability,routed_tokens,routed_examples
                     *     1,model.layers.0.self_attn.v_proj,model.layers.0.self_attn.v_proj.weight,256x1536,393216,2,7.25,0.0000184377,0.5,0.5,0.8969,13.6031,0.98,,
                     */
                    "text/csv": string;
                    /** @example {"run_id":"run_01935b7d-0000-7000-8000-000000000000","layer":"model.layers.0.self_attn.v_proj","parameter":"model.layers.0.self_attn.v_proj.weight","shape":[256,1536],"numel":393216,"n":2,"values":{"sum":7.25,"density":0.0000184377},"variance":0.5,"standard_error":0.5,"confidence_interval":[0.8969,13.6031],"top_k_probability":0.98,"routed_tokens":null,"routed_examples":null,"rank":1} */
                    "application/x-ndjson": string;
                };
            };
            /** @description Malformed as HTTP */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No API key, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key without the scope scores:read */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such job */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Accept allows none of the three */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The job has no scores, or none yet */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A parameter that is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A fault of ours */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database or the queue is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listWebhookDeliveries: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example job_01935b7c-0000-7000-8000-000000000000 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDeliveryList"];
                };
            };
            /** @description Malformed as HTTP */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No API key, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key without the scope jobs:read */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such job */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A parameter that is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A fault of ours */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database or the queue is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listScores: {
        parameters: {
            query?: {
                model?: string;
                revision?: string;
                dataset?: string;
                method?: components["schemas"]["MethodInput"];
                metric?: string;
                /** @description glob on the layer, for example *.v_proj */
                layer?: string;
                /** @description last part of the layer name, for example v_proj */
                module?: string;
                block?: number;
                run_id?: string;
                sort?: "value" | "-value" | "layer" | "-layer";
                top?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The scores; as CSV and NDJSON one line each */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StoredScoreList"];
                    /**
                     * @example model,revision,dataset,method,metric,layer,parameter,module,block,numel,value,rank,n,standard_error,shape,confidence_low,confidence_high,share_of_max,run_id
                     *     Qwen/Qwen2.5-Math-1.5B-Instruct,aafeb0fc6f22cbf0eaeed126eff8be45b0360a35,gsm8k,fisher,sum,model.layers.0.self_attn.v_proj,model.layers.0.self_attn.v_proj.weight,v_proj,0,393216,7.25,1,2,0.5,256x1536,0.8969,13.6031,1,run_01935b7d-0000-7000-8000-000000000000
                     */
                    "text/csv": string;
                    /** @example {"model":"Qwen/Qwen2.5-Math-1.5B-Instruct","revision":"aafeb0fc6f22cbf0eaeed126eff8be45b0360a35","dataset":"gsm8k","method":"fisher","metric":"sum","layer":"model.layers.0.self_attn.v_proj","parameter":"model.layers.0.self_attn.v_proj.weight","module":"v_proj","block":0,"shape":[256,1536],"numel":393216,"value":7.25,"rank":1,"n":2,"standard_error":0.5,"confidence_interval":[0.8969,13.6031],"routed_tokens":null,"routed_examples":null,"share_of_max":1,"run_id":"run_01935b7d-0000-7000-8000-000000000000"} */
                    "application/x-ndjson": string;
                };
            };
            /** @description Malformed as HTTP */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No API key, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key without the scope scores:read */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such run */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Accept allows none of the three */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A filter that is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A fault of ours */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database or the queue is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listDamage: {
        parameters: {
            query?: {
                model?: string;
                revision?: string;
                /** @description a run of the method price, or the Fisher run whose newest such run is meant */
                run?: string;
                /** @description names of formats, with commas; all that the run has when absent */
                formats?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DamageList"];
                };
            };
            /** @description Malformed as HTTP */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No API key, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key without the scope scores:read */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such run, or none that prices formats */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A format that the run does not have */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A fault of ours */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database or the queue is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listRuns: {
        parameters: {
            query?: {
                model?: string;
                revision?: string;
                dataset?: string;
                method?: components["schemas"]["MethodInput"];
                imported?: string;
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunSummaryList"];
                };
            };
            /** @description Malformed as HTTP */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No API key, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key without the scope scores:read */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A filter or cursor that is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A fault of ours */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database or the queue is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    importRun: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ImportRunRequestInput"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImportRunResponse"];
                };
            };
            /** @description Malformed as HTTP */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No API key, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key without the scope runs:write */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A map beyond the body limit */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A body that is not application/json */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A map that is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A fault of ours */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database or the queue is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    mergeRuns: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MergeRunsRequestInput"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description Malformed as HTTP */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No API key, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key without the scope runs:write */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such run */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A body beyond the limit */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A body that is not application/json */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Runs that differ in more than their examples, or share some */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A fault of ours */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database or the queue is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getRun: {
        parameters: {
            query?: never;
            header?: {
                /** @description the ETag of the answer that is at hand */
                "if-none-match"?: string;
            };
            path: {
                /** @example run_01935b7c-0000-7000-8000-000000000000 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description As the given ETag says: there is no body */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Malformed as HTTP */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No API key, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key without the scope scores:read */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such run */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A parameter that is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A fault of ours */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database or the queue is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getRunMarginals: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example run_01935b7c-0000-7000-8000-000000000000 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A safetensors file: <parameter>.by_output [groups, outputs] and <parameter>.by_input [groups, inputs], float32; examples and targets of every group in its __metadata__ */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /** @example …{"__metadata__":{"run":"run_…","examples":"[8,…]","targets":"[812,…]"},"lm_head.weight.by_output":{"dtype":"F32","shape":[8,4000],"data_offsets":[0,128000]},… */
                    "application/octet-stream": string;
                };
            };
            /** @description Malformed as HTTP */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No API key, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key without the scope scores:read */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such run, or none that was computed for quantisation */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A parameter that is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A fault of ours */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database or the queue is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listModels: {
        parameters: {
            query?: {
                name?: string;
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KnownModelList"];
                };
            };
            /** @description Malformed as HTTP */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No API key, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key without the scope scores:read */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A cursor that is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A fault of ours */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database or the queue is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listDatasets: {
        parameters: {
            query?: {
                name?: string;
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KnownDatasetList"];
                };
            };
            /** @description Malformed as HTTP */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No API key, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key without the scope scores:read */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A cursor that is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A fault of ours */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database or the queue is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listMethods: {
        parameters: {
            query?: never;
            header?: {
                /** @description the ETag of the answer that is at hand */
                "if-none-match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MethodList"];
                };
            };
            /** @description As the given ETag says: there is no body */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Malformed as HTTP */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No API key, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key without the scope scores:read */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A parameter that is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A fault of ours */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database or the queue is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
