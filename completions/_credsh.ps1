# Completion of credsh for PowerShell. Tab asks `credsh --complete` what can stand at the cursor.

Register-ArgumentCompleter -Native -CommandName credsh -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $line = $commandAst.ToString().PadRight($cursorPosition - $commandAst.Extent.StartOffset)
    $line = $line.Substring(0, $cursorPosition - $commandAst.Extent.StartOffset)
    credsh --complete $line 2>$null | ForEach-Object {
        $text, $about = $_ -split "`t", 2
        if (-not $about) { $about = $text }
        $code = if ($text -match '[\s''"`$();{}&|@#,]') { "'" + $text.Replace("'", "''") + "'" } else { $text }
        [System.Management.Automation.CompletionResult]::new($code, $text, 'ParameterValue', $about)
    }
}
