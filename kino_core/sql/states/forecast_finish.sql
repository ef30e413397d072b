FROM forecast_row
