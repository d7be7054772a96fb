"""Draw the radiographs that were warned of, and say on the terminal how many warnings there are."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake) as frame:
    from sharpflow.cohorts.warnings import WARNING_TABLE
    from sharpflow.files import read_table
    from sharpflow.reporting.warning_sheet import draw_warning_sheet
    from sharpflow.workflow.told_at_end import said_of_warnings

    path, sheet = snakemake.input[0], snakemake.output[0]
    warnings = read_table(path, **dict.fromkeys(WARNING_TABLE, str)).fillna("")
    max_pixels = round(snakemake.params.max_megapixels * 1e6)
    draw_warning_sheet(warnings, sheet, max_pixels=max_pixels)
    if len(warnings):
        frame.say(said_of_warnings(path, len(warnings)))
