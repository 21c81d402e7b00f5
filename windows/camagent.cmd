@echo off
setlocal
chcp 65001 >nul
set "PYTHONUTF8=1"
set "PYTHONHOME="
set "PYTHONPATH="
set "PYTHONDONTWRITEBYTECODE=1"
set "camagent_python=%~dp0python\python.exe"
if not exist "%camagent_python%" set "camagent_python=%~dp0python\bin\python.exe"
"%camagent_python%" -m camagent %*
exit /b %errorlevel%
