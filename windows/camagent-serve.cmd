@echo off
rem The service by Windows' Task Scheduler: looked for every five minutes while this user is logged in, started where
rem it does not run. No administrator, no stored password.
rem   camagent-serve.cmd          makes the task and starts it
rem   camagent-serve.cmd remove   ends it and takes it away
rem   camagent-serve.cmd run      what the task runs; its words go to %LOCALAPPDATA%\camagent\serve.log
setlocal
chcp 65001 >nul
if /i "%~1"=="run" goto run
if /i "%~1"=="remove" goto remove
schtasks /Create /TN camagent /SC MINUTE /MO 5 /F /TR "\"%~f0\" run"
if errorlevel 1 goto end
schtasks /Run /TN camagent
goto end
:remove
schtasks /End /TN camagent
schtasks /Delete /TN camagent /F
goto end
:run
if not exist "%LOCALAPPDATA%\camagent" mkdir "%LOCALAPPDATA%\camagent"
call "%~dp0camagent.cmd" serve >>"%LOCALAPPDATA%\camagent\serve.log" 2>&1
exit /b %errorlevel%
:end
pause
