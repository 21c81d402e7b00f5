@echo off
setlocal
chcp 65001 >nul
set "PYTHONUTF8=1"
set "PYTHONHOME="
set "PYTHONPATH="
rem Nothing is imported from the folder in which somebody happens to be.
set "PYTHONSAFEPATH=1"
rem What Python compiles is kept on this machine, not on the stick: the second start takes half the time.
set "PYTHONPYCACHEPREFIX=%LOCALAPPDATA%\camagent\compiled"
set "camagent_python=%~dp0python\python.exe"
if not exist "%camagent_python%" set "camagent_python=%~dp0python\bin\python.exe"
if "%~1"=="" goto page
"%camagent_python%" -m camagent %*
exit /b %errorlevel%
:page
rem Without arguments somebody has double-clicked: open the page, and leave what it says on the screen.
"%camagent_python%" -m camagent ui
pause
