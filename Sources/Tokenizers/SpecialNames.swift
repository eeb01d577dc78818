/// Special pieces that models know each other by: files often don't say what they are for.
enum SpecialNames {
    /// They end a turn or a text, whatever the file says.
    static let ends = [
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>",
        "<end_of_turn>", "<|endoftext|>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]",
        "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>",
        "<｜end▁of▁sentence｜>", "</s>",
    ]

    /// Pieces for filling in the middle of a text, by the key under which a file would name them.
    static let fillings: [(keys: [String], names: [String])] = [
        (
            ["fim_pre_token_id", "prefix_token_id"],
            [
                "<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>",
                "▁<PRE>",
                "<|code_prefix|>", "<|prefix|>",
            ]
        ),
        (
            ["fim_suf_token_id", "suffix_token_id"],
            [
                "<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>",
                "<|code_suffix|>", "<|suffix|>",
            ]
        ),
        (
            ["fim_mid_token_id", "middle_token_id"],
            [
                "<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>",
                "<|code_middle|>", "<|middle|>",
            ]
        ),
        (["fim_pad_token_id"], ["<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"]),
        (
            ["fim_rep_token_id"],
            ["<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"]
        ),
        (["fim_sep_token_id"], ["<|file_sep|>"]),
    ]

    /// Of these, pieces that end a text as well.
    static let endingFillings = ["fim_pad_token_id", "fim_rep_token_id", "fim_sep_token_id"]

    /// Parts of an answer that are always shown (gpt-oss).
    static let shown = ["<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"]

    static let all = Set(ends + shown + fillings.flatMap(\.names))
}
