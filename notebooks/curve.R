# The chance of the sector against the rate asked, from a run file, in base R.
#
#   Rscript curve.R long-term-plan.h5 curve.pdf
#
# Needs ncdf4. A run file is netCDF-4; R sees its dimensions in reverse order.

library(ncdf4)

arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) != 2) stop("give a run file and the PDF to write")
run <- nc_open(arguments[1])

# Which outcome a target is judged on goes by its basis.
targets <- ncvar_get(run, "target")
outcomes <- ncvar_get(run, "outcome")
basis <- ncvar_get(run, "basis")
basis[basis == "reported"] <- "any_means" # all other bases have the name of their outcome
own <- cbind(match(basis, outcomes), seq_along(targets))
if (anyNA(own)) stop("a target has a basis that is no outcome")
chance <- ncvar_get(run, "sector_probability")[own] # outcome x target
low <- ncvar_get(run, "sector_probability_low")[own]
high <- ncvar_get(run, "sector_probability_high")[own]

# Only targets that ask the same each year make a curve, those of one kind of plans.
rate <- ncvar_get(run, "rate") # year x target
even <- apply(rate, 2, function(years) all(years == years[1]))
even <- even & colSums(ncvar_get(run, "deficit_addon") != 0) == 0
even <- even & ncvar_get(run, "plan_follows") == "gap"
curve <- data.frame(target = targets, asked = 100 * rate[1, ], chance = 100 * chance,
                    low = 100 * low, high = 100 * high)[even, ]
curve <- curve[order(curve$asked), ]

title <- ncatt_get(run, 0, "title")$value
draws <- format(run$dim$draw$len, big.mark = ",")
nc_close(run)

pdf(arguments[2], width = 7, height = 5)
plot(curve$asked, curve$chance, type = "b", pch = 16, ylim = c(0, 100), las = 1,
     xlab = "asked of trusts, % a year", ylab = "chance that the sector achieves it, %",
     main = title, sub = paste0("Bars: 95% Monte Carlo interval of ", draws, " draws"))
arrows(curve$asked, curve$low, curve$asked, curve$high, angle = 90, code = 3, length = 0.03)
abline(h = c(50, 80), lty = 2, col = "grey50")
invisible(dev.off())

print(format(curve, digits = 3), row.names = FALSE)
